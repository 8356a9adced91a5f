"""MaxSim as its definition says it, and multi-vectors to try it on."""

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def naive(query: Floats, document: Floats) -> float:
    best = [max(float(np.dot(q, d)) for d in document.astype(float)) for q in query.astype(float)]
    return sum(best) / len(best)


def vectors(most: int = 5, dims: int = 8) -> st.SearchStrategy[Floats]:
    shape = st.tuples(st.integers(1, most), st.just(dims))
    return hnp.arrays(np.float32, shape, elements=st.floats(-1, 1, width=32))
