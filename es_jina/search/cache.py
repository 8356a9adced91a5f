"""The vectors of queries that are asked again."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path

from es_jina.embedding import Embedding
from es_jina.inputs import Image, Input
from es_jina.profile import IndexProfile
from es_jina.providers.base import Want


class QueryCache:
    """The embeddings of the latest queries, least recently used out first.

    Several searchers and threads may share one: what is kept is told apart by what its vectors
    depend on.
    """

    def __init__(self, size: int = 256) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, Embedding] = OrderedDict()
        self._lock = threading.Lock()

    def get(
        self,
        query: Input,
        profile: IndexProfile,
        want: Want,
        embed: Callable[[], Embedding],
    ) -> Embedding:
        """Return a query's embedding, made by `embed` where it is not known yet."""
        content = _content(query)
        if content is None:
            return embed()
        key = (profile.identity, profile.query_task, profile.max_pixels, want, content)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        # Not under the lock: others need not wait for this one's model.
        made = embed()
        with self._lock:
            self._kept[key] = made
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return made


def preference(query: Input | Embedding) -> str | None:
    """Return what sends a query, each time it comes, to the same copies of the shards.

    Replicas have graphs of their own and find slightly different neighbours: pages of one search
    would not fit together. Other queries go elsewhere, so that the load is shared.
    """
    content = _content(query)
    return None if content is None else hashlib.sha256(repr(content).encode()).hexdigest()[:12]


def _content(query: Input | Embedding) -> Hashable:
    """Return what tells a query from others; ``None`` where only looking at every pixel would."""
    if isinstance(query, Embedding):
        return None if query.single is None else hashlib.sha256(query.single.tobytes()).digest()
    if not isinstance(query, Image):
        return query.text
    source = query.source
    if isinstance(source, Path):
        try:
            source = source.read_bytes()
        except OSError:
            # The provider says what is wrong with the file.
            return None
    return hashlib.sha256(source).digest() if isinstance(source, bytes) else None
