"""Made-up vectors: random ones, the hardest there are, and clustered ones, more like a model's."""

from typing import Literal

import numpy as np

from es_jina.embedding import Vector, unit

Kind = Literal["clustered", "random"]
KINDS: tuple[Kind, ...] = ("clustered", "random")

TOKENS, TOKEN_DIMS, QUERY_TOKENS = 747, 128, 20
# Tokens that say nearly the same, as on a page with much white; so many for each cluster's centre.
_ALIKE = 8
_CLUSTERS, _LATENT = 500, 256


class Singles:
    """Single vectors of one kind.

    Clustered ones live in a space of 256 dims of decaying variance, mapped at random to the full
    size: the leading numbers then keep most of what tells neighbours, as with a Matryoshka model
    (of the ten nearest in 2,048 dims, 128 dims find some three quarters).
    """

    def __init__(self, kind: Kind, dims: int, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)
        self._kind = kind
        self._dims = dims
        if kind == "clustered":
            self._centres = self._normal(_CLUSTERS, _LATENT)
            decay = np.arange(1, _LATENT + 1, dtype=np.float32) ** np.float32(-0.5)
            self._map = self._normal(_LATENT, dims) * decay[:, None]

    def draw(self, count: int) -> Vector:
        """Return the next float32 (count, dims), rows of length 1."""
        if self._kind == "random":
            return unit(self._normal(count, self._dims))
        centres = self._centres[self._rng.integers(_CLUSTERS, size=count)]
        noise = np.float32(0.5) * self._normal(count, _LATENT)
        return unit((centres + noise) @ self._map)

    def _normal(self, *shape: int) -> Vector:
        return self._rng.standard_normal(shape, np.float32)


class Pages:
    """Multi-vectors of one kind, as many and as long as a page has them.

    The vectors of a clustered page lie round some 90 centres, large clusters and small ones.
    """

    def __init__(self, kind: Kind, count: int) -> None:
        self._rng = np.random.default_rng(1)
        self._kind = kind
        self.pages = [self._page() for _ in range(count)]

    def queries(self, count: int) -> list[Vector]:
        """Return queries of 20 vectors, each near vectors of one page."""
        return [self._query(self.pages[number % len(self.pages)]) for number in range(count)]

    def _page(self) -> Vector:
        if self._kind == "random":
            return unit(self._normal(TOKENS))
        centres = unit(self._normal(TOKENS // _ALIKE))
        share = 1 / np.arange(1, len(centres) + 1)
        chosen = self._rng.choice(len(centres), TOKENS, p=share / share.sum())
        return _near(centres[chosen], self._normal(TOKENS))

    def _query(self, page: Vector) -> Vector:
        chosen = self._rng.choice(len(page), QUERY_TOKENS, replace=False)
        return _near(page[chosen], self._normal(QUERY_TOKENS))

    def _normal(self, rows: int) -> Vector:
        return self._rng.standard_normal((rows, TOKEN_DIMS), np.float32)


def _near(centres: Vector, noise: Vector) -> Vector:
    """Return vectors whose cosine with their centres is 0.9 or so."""
    return unit(centres + noise * np.float32(0.5 / np.sqrt(TOKEN_DIMS)))
