"""The losses: every part of a page and every word of a text is told what it stands for.

Each label has a prototype, a unit vector of its own. A cell of a page and the word of a query that
mean the same are drawn to the same prototype, so they meet, and so do words of several languages.
Labels are few, so each page is held against all of them, not only against those of its batch.
"""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

SHARPNESS = 16.0
# A page shows several things, so its single vector cannot be close to each of them.
SINGLE_SHARPNESS = 40.0


def taken_for(logits: Tensor, allowed: Tensor) -> Tensor:
    """Return the mean loss of vectors that may be taken for any of several labels.

    Vectors of the background, which are most, weigh as much together as all others.

    Args:
        logits: (vectors, labels).
        allowed: bool (vectors, labels); where nothing is, the vector does not count.
    """
    counted = allowed.any(dim=1)
    logits, allowed = logits[counted].float(), allowed[counted]
    hit = torch.logsumexp(logits.masked_fill(~allowed, -torch.inf), dim=1)
    losses = torch.logsumexp(logits, dim=1) - hit
    background = allowed[:, 0]
    parts = [losses[background], losses[~background]]
    return torch.stack([part.mean() for part in parts if len(part)]).mean()


def found_by_label(scores: Tensor, shown: Tensor, sharpness: float = SHARPNESS) -> Tensor:
    """Return the loss of looking for each label among the pages of a batch.

    Args:
        scores: (pages, labels), how strongly each page shows each label.
        shown: bool (pages, labels).
        sharpness: of the scores.
    """
    scores = scores.float() * sharpness
    absent = torch.logsumexp(scores.masked_fill(shown, -torch.inf), dim=0)
    losses = torch.logaddexp(scores, absent.expand_as(scores)) - scores
    # A label that all pages show, or none, cannot be looked for.
    counted = shown & ~shown.all(dim=0)
    return losses[counted].mean()


def named(vectors: Tensor, prototypes: Tensor, shown: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Return the loss of naming what single vectors stand for, at every Matryoshka size.

    Args:
        vectors: (rows, hidden), not normalised.
        prototypes: (labels, hidden).
        shown: bool (rows, labels): what each row shows.
        dims: the sizes.
    """
    losses = []
    for size in dims:
        cosines = (
            normalize(vectors[:, :size].float(), dim=1)
            @ normalize(prototypes[:, :size].float(), dim=1).T
        )
        losses += [
            _told_apart(cosines * SINGLE_SHARPNESS, shown),
            found_by_label(cosines, shown, SINGLE_SHARPNESS),
        ]
    return torch.stack(losses).mean()


def _told_apart(logits: Tensor, shown: Tensor) -> Tensor:
    """Return the loss of telling what a row shows from what it does not show."""
    absent = torch.logsumexp(logits.masked_fill(shown, -torch.inf), dim=1, keepdim=True)
    losses = torch.logaddexp(logits, absent.expand_as(logits)) - logits
    return losses[shown].mean()


def matched(scores: Tensor, fits: Tensor) -> Tensor:
    """Return the loss of finding the page of each query (InfoNCE, several may fit).

    Args:
        scores: (queries, pages), already sharpened.
        fits: bool (queries, pages).
    """
    hit = torch.logsumexp(scores.masked_fill(~fits, -torch.inf), dim=1)
    return (torch.logsumexp(scores, dim=1) - hit)[fits.any(dim=1)].mean()


def letter_loss(logits: Tensor, letters: Tensor) -> Tensor:
    """Return the mean loss of naming the letter at each patch; no letter weighs as much as all.

    Args:
        logits: (patches, letters).
        letters: int64 (patches,), 0 for none.
    """
    losses = cross_entropy(logits.float(), letters, reduction="none")
    some = letters > 0
    return losses[some].mean() + 0.3 * losses[~some].mean()
