"""Batches of texts: tokens, and what each stands for."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import torch
from tokenizers import Tokenizer
from torch import Tensor

from es_jina.demo.checkpoint import train_tokenizer
from es_jina.demo.lettering import is_chinese
from es_jina.demo.training.phrases import Phrase, fillers, passage, query
from es_jina.demo.vocabulary import Concept, vocabulary
from es_jina.inputs import IMAGE_PROMPT, Task

QUERY, PASSAGE = Task.RETRIEVAL_QUERY.prompt, Task.RETRIEVAL_PASSAGE.prompt
_TOKENS = 8192


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """A batch of texts.

    Attributes:
        ids: (texts, tokens), padded behind with zeros.
        real: bool (texts, tokens): not padding.
        labels: int64 (texts, tokens): what each token stands for, 0 for nothing. A word of several
            tokens is known at its last one.
        shown: bool (texts, labels): what each text asks for or is about.
    """

    ids: Tensor
    real: Tensor
    labels: Tensor
    shown: Tensor


def demo_tokenizer() -> Tokenizer:
    """Train the tokenizer on single words, so that no token reaches over two of them.

    Each word is one token, behind a space or not. Case does not matter to it.
    """
    words = sorted({word for each in vocabulary().concepts for word in each.words})
    words += [word for some in fillers().values() for word in some]
    spaced = [word if is_chinese(word) else f" {word}" for word in words]
    alone = [word for word in words if not is_chinese(word)]
    prompts = [piece for text in (QUERY, PASSAGE, IMAGE_PROMPT) for piece in text.split()]
    return train_tokenizer([*spaced, *alone, *prompts], _TOKENS, plain=True)


def texts(
    tokenizer: Tokenizer, prompt: str, phrases: Sequence[Phrase], device: torch.device
) -> Texts:
    """Put texts into a batch, behind a prompt."""
    encoded = tokenizer.encode_batch(
        [prompt + phrase.text for phrase in phrases], add_special_tokens=False
    )
    longest = max(len(each.ids) for each in encoded)
    ids = torch.zeros(len(phrases), longest, dtype=torch.int64)
    real = torch.zeros(len(phrases), longest, dtype=torch.bool)
    labels = torch.zeros(len(phrases), longest, dtype=torch.int64)
    shown = torch.zeros(len(phrases), vocabulary().labels, dtype=torch.bool)
    for row, (each, phrase) in enumerate(zip(encoded, phrases, strict=True)):
        count = len(each.ids)
        ids[row, :count] = torch.tensor(each.ids)
        real[row, :count] = True
        ends = {end + len(prompt): label for _, end, label in phrase.words}
        for place, (_, end) in enumerate(each.offsets):
            labels[row, place] = ends.get(end, 0)
        shown[row, [label for _, _, label in phrase.words]] = True
    return Texts(*(part.to(device) for part in (ids, real, labels, shown)))


def some_texts(
    tokenizer: Tokenizer, random: Random, count: int, device: torch.device
) -> tuple[Texts, Texts]:
    """Return queries and passages about anything."""
    known = vocabulary()

    def look() -> tuple[Concept, Concept] | None:
        if random.random() < 0.5:
            return None
        return random.choice(known.colours), random.choice(known.charts)

    queries = [query(random, random.sample(known.topics, 2), look()) for _ in range(count)]
    passages = [
        passage(random, random.sample(known.topics, random.randint(1, 4)), long=number % 2 == 0)
        for number in range(count // 4)
    ]
    return (
        texts(tokenizer, QUERY, queries, device),
        texts(tokenizer, PASSAGE, passages, device),
    )
