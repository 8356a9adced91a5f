"""What lies behind the window, so that the pages of one search continue one another."""

from collections.abc import Callable

from es_jina.search.candidates import Ranked
from es_jina.search.hits import Hit
from es_jina.search.query import MOST

# So many times as deep is each look as the one before: the last one costs more than all others.
_GROWTH = 4


def continued(
    best: Ranked,
    window: int,
    needed: int,
    look: Callable[[int], Ranked],
    key: Callable[[Hit], str],
) -> list[Hit]:
    """Return the hits of a window, and behind them what deeper looks find besides.

    How deep each look is follows from the window alone: a deeper one may fuse, or even find, what
    lies above otherwise, and is asked only for what is missing. So what comes first is the same
    however much is needed.

    Args:
        best: the hits of the window.
        window: how deep the look for them was.
        needed: how many hits there shall be at least, if there are as many.
        look: looks as deep as it is told; 10,000 at most.
        key: tells hits apart; of those with the same key the first one stays.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    hits: dict[str, Hit] = {}
    found, depth = best, window
    while True:
        for hit in found.hits:
            hits.setdefault(key(hit), hit)
        if len(hits) >= needed or not found.more or depth >= MOST:
            return list(hits.values())
        depth = min(MOST, depth * _GROWTH)
        found = look(depth)
