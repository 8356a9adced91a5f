"""The second stage: pages and texts learn to meet."""

from dataclasses import dataclass
from random import Random

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from es_jina.demo.training.batches import Pages
from es_jina.demo.training.losses import (
    SHARPNESS,
    SINGLE_SHARPNESS,
    found_by_label,
    matched,
    named,
    taken_for,
)
from es_jina.demo.training.network import Trainee
from es_jina.demo.training.phrases import query
from es_jina.demo.training.strips import Reader, pixels_of
from es_jina.demo.training.texts import QUERY, Texts, some_texts, texts
from es_jina.demo.vocabulary import vocabulary

DIMS = (256, 128, 64)
_QUERIES = 96
# Cosine from which two vectors count as alike.
_UNLIKE = 0.2


@dataclass(slots=True)
class Progress:
    """How the last batch went.

    Attributes:
        loss: of everything.
        cells: which share of the cells with words or charts was taken for what they show.
        words: which share of the words in texts was taken for what they mean.
        queries: which share of the batch's queries found a page that fits, by late interaction.
    """

    loss: float
    cells: float
    words: float
    queries: float


class Prototypes(nn.Module):
    """A vector for each label: what cells and words are drawn to, and single vectors."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        labels = vocabulary().labels
        self.multi = nn.Parameter(torch.randn(labels + 1, 128))
        self.single = nn.Parameter(torch.randn(labels, hidden))

    @property
    def of_documents(self) -> Tensor:
        """What cells and words of passages are drawn to: (labels + 1, 128).

        That of the background is the first; from the last, that of queries, they are drawn away.
        """
        return normalize(self.multi, dim=1)

    @property
    def of_queries(self) -> Tensor:
        """What words of queries are drawn to.

        Those that stand for nothing have another vector than the background, so that they match
        nothing; that of the background is the last.
        """
        return normalize(torch.cat((self.multi[-1:], self.multi[1:-1], self.multi[:1])), dim=1)


class Joint:
    """Makes the losses of this stage.

    Args:
        net: what is trained.
        reader: the heads of the first stage, which go on helping the vision tower.
        prototypes: of the labels.
        tokenizer: of the texts.
        seed: of the texts.
    """

    def __init__(
        self,
        net: Trainee,
        reader: Reader,
        prototypes: Prototypes,
        tokenizer: Tokenizer,
        seed: int,
    ) -> None:
        self.net, self.reader, self.prototypes = net, reader, prototypes
        self.tokenizer = tokenizer
        self.random = Random(seed)
        self.device = prototypes.multi.device

    def texts_alone(self, count: int) -> tuple[Tensor, float]:
        """Return the loss of texts about anything, and which share of their words was known."""
        loss, right = torch.zeros((), device=self.device), []
        batches = some_texts(self.tokenizer, self.random, count, self.device)
        drawn_to = (self.prototypes.of_queries, self.prototypes.of_documents)
        vectors = []
        for batch, prototypes in zip(batches, drawn_to, strict=True):
            states = self.net.texts(batch.ids)
            vectors.append(self.vectors(states))
            loss = loss + self._words(states, batch, prototypes)
            loss = loss + self._single(_mean(states, batch), batch)
            right.append(self._known(states, batch, prototypes))
        queries, passages = batches
        asked_nothing = vectors[0][queries.real & (queries.labels == 0)]
        return loss + 3 * _alike(asked_nothing, vectors[1][passages.real]), right[0]

    def pages(self, batch: Pages) -> tuple[Tensor, Progress]:
        """Return the loss of a batch of pages with queries for them."""
        net, device = self.net, self.device
        shown = torch.from_numpy(batch.shown).to(device)
        allowed = torch.from_numpy(batch.cells).to(device)
        seen, cells, states = net.pictures(pixels_of(batch, device), batch.grid)
        first, count = len(net.before), allowed.shape[1]
        vectors = self.vectors(states)
        likeness = vectors @ self.prototypes.of_documents.T
        cosines = likeness[:, first : first + count]
        reading, _ = self.reader.loss(seen, cells, batch)
        # The mean takes in the two tokens that bracket the picture, as the model's does.
        single = states[:, first - 1 : first + count + 1].float().mean(1)
        asked = self._queries(batch)
        asked_states = net.texts(asked.ids)
        scores = self._maxsim(asked_states, asked, vectors)
        fits = _fits(asked, shown)
        loss = (
            taken_for(cosines.flatten(0, 1) * SHARPNESS, _and_never(allowed).flatten(0, 1))
            + found_by_label(cosines.max(dim=1).values[:, 1:-1], shown[:, 1:])
            + named(single, self.prototypes.single[1:], shown[:, 1:], DIMS)
            + 0.5 * reading
            + 0.5 * _nothing(torch.cat((likeness[:, :first], likeness[:, first + count :]), dim=1))
            + self._words(asked_states, asked, self.prototypes.of_queries)
            + 0.5 * matched(scores * (SHARPNESS / 4), fits)
            + self._pages_of_queries(_mean(asked_states, asked), single, fits)
        )
        with torch.no_grad():
            best = fits.gather(1, scores.argmax(dim=1, keepdim=True)).float().mean()
            right = _right(cosines[..., :-1].flatten(0, 1), allowed.flatten(0, 1))
        return loss, Progress(
            loss.item(),
            right,
            self._known(asked_states, asked, self.prototypes.of_queries),
            float(best),
        )

    def _queries(self, batch: Pages) -> Texts:
        concepts = {each.label: each for each in vocabulary().concepts}
        phrases = []
        for number in range(_QUERIES):
            labels = batch.shown[number % len(batch.shown)].nonzero()[0]
            on_page = [concepts[int(label)] for label in labels]
            topics = [each for each in on_page if each.kind == "topic"]
            colour = next((each for each in on_page if each.kind == "colour"), None)
            kind = next((each for each in on_page if each.kind == "chart"), None)
            look = (colour, kind) if colour and kind else None
            asked = self.random.sample(topics, min(2, len(topics)))
            phrases.append(query(self.random, asked, look))
        return texts(self.tokenizer, QUERY, phrases, self.device)

    def vectors(self, states: Tensor) -> Tensor:
        """Return the multi-vectors (..., 128) of states (..., hidden), each of length 1."""
        return normalize(self.net.multi_vector_projector(states).float(), dim=-1)

    def _words(self, states: Tensor, batch: Texts, prototypes: Tensor) -> Tensor:
        cosines = self.vectors(states) @ prototypes.T
        logits, labels = cosines[batch.real] * SHARPNESS, batch.labels[batch.real]
        losses = cross_entropy(logits, labels, reduction="none")
        return losses[labels > 0].mean() + losses[labels == 0].mean()

    def _known(self, states: Tensor, batch: Texts, prototypes: Tensor) -> float:
        with torch.no_grad():
            cosines = self.vectors(states) @ prototypes.T
            words = batch.labels > 0
            return float((cosines[words].argmax(dim=1) == batch.labels[words]).float().mean())

    def _single(self, single: Tensor, batch: Texts) -> Tensor:
        return named(single, self.prototypes.single[1:], batch.shown[:, 1:], DIMS)

    def _maxsim(self, states: Tensor, asked: Texts, pages: Tensor) -> Tensor:
        """Return (queries, pages): the sum over a query's tokens of their best cell's cosine."""
        words = self.vectors(states)
        best = torch.einsum("qtd,pcd->qptc", words, pages).max(dim=3).values
        return (best * asked.real[:, None]).sum(dim=2)

    def _pages_of_queries(self, queries: Tensor, pages: Tensor, fits: Tensor) -> Tensor:
        losses = [
            matched(
                SINGLE_SHARPNESS
                * normalize(queries[:, :size].float(), dim=1)
                @ normalize(pages[:, :size].float(), dim=1).T,
                fits,
            )
            for size in DIMS
        ]
        return torch.stack(losses).mean()


def _mean(states: Tensor, batch: Texts) -> Tensor:
    real = batch.real[..., None]
    mean: Tensor = (states.float() * real).sum(1) / real.sum(1)
    return mean


def _nothing(cosines: Tensor) -> Tensor:
    """Return the loss of the prompt's tokens round a picture, which stand for nothing."""
    logits = cosines.flatten(0, 1) * SHARPNESS
    return cross_entropy(logits, torch.zeros(len(logits), dtype=torch.int64, device=logits.device))


def _alike(asked: Tensor, told: Tensor) -> Tensor:
    """Return by how much words that ask for nothing (words, 128) are like any of a passage's.

    Each would find every text, whatever that is about, and no page.
    """
    best = (asked @ told.T).max(dim=1).values
    return nn.functional.relu(best - _UNLIKE).mean()


def _and_never(allowed: Tensor) -> Tensor:
    """Return what is allowed with a last label that never is."""
    return nn.functional.pad(allowed, (0, 1))


def _fits(asked: Texts, shown: Tensor) -> Tensor:
    """Say which pages (queries, pages) show all that a query asks for."""
    missing = asked.shown.float() @ (~shown).float().T
    return missing < 0.5


def _right(cosines: Tensor, allowed: Tensor) -> float:
    something = allowed[:, 1:].any(dim=1)
    taken = cosines[something].argmax(dim=1, keepdim=True)
    return float(allowed[something].gather(1, taken).float().mean())
