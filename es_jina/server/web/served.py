"""The indices that the search page searches."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import TypeVar

from elasticsearch import Elasticsearch

from es_jina.elastic.assets import require_profile
from es_jina.elastic.capabilities import Capabilities
from es_jina.errors import ClusterError, EsJinaError
from es_jina.profile import IndexProfile
from es_jina.search.cache import QueryCache
from es_jina.search.searcher import Searcher
from es_jina.server.index_faults import index_refused, is_bad_request
from es_jina.server.refused import INVALID, NOT_FOUND, RefusedError
from es_jina.server.service import Service
from es_jina.server.threads import Threads
from es_jina.server.web.service_provider import ServiceProvider

T = TypeVar("T")

# Questions that are asked at the same time; each is a thread and a connection.
_AT_ONCE = 8
_WAITING = 64
# For one answer of Elasticsearch, and for a thread before that: somebody waits.
_SECONDS = 10.0
# How long a profile is taken for what it was: an index may be made anew or converted at any time.
_FRESH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ServedIndex:
    """An index as it is now.

    Attributes:
        name: of the index, or of the alias that stands for it.
        profile: what it was made for.
        client: of its cluster.
        capabilities: of the cluster, without those that tell what can be stored.
        provider: the server's own model, to be asked in a thread.
        cache: of queries' vectors.
    """

    name: str
    profile: IndexProfile
    client: Elasticsearch
    capabilities: Capabilities
    provider: ServiceProvider
    cache: QueryCache = field(repr=False)

    def searcher(self) -> Searcher:
        """Return what searches it, to be asked in a thread."""
        return Searcher(
            self.client,
            self.name,
            self.profile,
            self.capabilities,
            self.provider,
            cache=self.cache,
        )


@dataclass(slots=True)
class _Known:
    """A profile, and when it was read, by the monotonic clock."""

    profile: IndexProfile
    read: float
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def fresh(self) -> bool:
        return monotonic() - self.read < _FRESH_SECONDS


class ServedIndices:
    """The indices that requests may name; for one event loop."""

    def __init__(self, client: Elasticsearch, names: Iterable[str], service: Service) -> None:
        """Read what each index was made for, and what the cluster can do.

        Args:
            client: of the cluster.
            names: of the indices, or of aliases that each stand for one.
            service: embeds queries.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
            ProfileMismatchError: an index was made with another model.
            RequestError: there is no such index, or it is not one of ours.
        """
        self._client = client.options(request_timeout=_SECONDS)
        self._service = service
        self._known = {name: _Known(self._read(name), monotonic()) for name in names}
        self._capabilities = Capabilities.detect(client, fields=False)
        self._threads = Threads(_AT_ONCE, _WAITING, _SECONDS)
        self._cache = QueryCache()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the indices, as they were given."""
        return tuple(self._known)

    @property
    def with_multi_vectors(self) -> tuple[str, ...]:
        """The names of those that can be searched by late interaction."""
        return tuple(name for name, known in self._known.items() if known.profile.multi_vector)

    async def get(self, name: str | None) -> ServedIndex:
        """Return an index, as it was within the last two seconds.

        Args:
            name: of the index; ``None`` for the one that there is.

        Raises:
            RefusedError: it is none of ours, it cannot be read now, or several could be meant.
        """
        name = self._chosen(name)
        known = self._known[name]
        async with known.reading:
            return self._index(name) if known.fresh else await self.refreshed(name)

    async def refreshed(self, name: str) -> ServedIndex:
        """Return an index of ours as it is now.

        Raises:
            RefusedError: it cannot be read, or is for another model by now.
        """
        try:
            profile = await self._threads.run(partial(self._read, name))
        except EsJinaError as error:
            raise index_refused(name, error, "reading a profile") from error
        known = self._known[name]
        known.profile, known.read = profile, monotonic()
        return self._index(name)

    async def ask(self, name: str | None, question: Callable[[ServedIndex], T], doing: str) -> T:
        """Ask an index something, in a thread; where it has changed meanwhile, once more.

        Args:
            name: of the index; ``None`` for the one that there is.
            question: asks; its errors are told as refusals.
            doing: what it does, for the log, such as "searching".

        Raises:
            RefusedError: the index is none of ours, cannot be asked now, or too many ask already.
        """
        index = await self.get(name)
        try:
            try:
                return await self._threads.run(partial(question, index))
            except ClusterError as error:
                # The other store refuses a request that is for the first one.
                if not is_bad_request(error):
                    raise
                now = await self.refreshed(index.name)
                if now.profile == index.profile:
                    raise
                return await self._threads.run(partial(question, now))
        except EsJinaError as error:
            raise index_refused(index.name, error, doing) from error

    def _chosen(self, name: str | None) -> str:
        have = ", ".join(self._known)
        if name is None:
            if len(self._known) > 1:
                told = f"several indices are served: name one in `index`, of {have}"
                raise RefusedError(400, told, INVALID)
            return next(iter(self._known))
        if name not in self._known:
            told = f"the index {name[:100]!r} is not served here: choose from {have}"
            raise RefusedError(404, told, NOT_FOUND)
        return name

    def _index(self, name: str) -> ServedIndex:
        return ServedIndex(
            name,
            self._known[name].profile,
            self._client,
            self._capabilities,
            ServiceProvider(self._service),
            self._cache,
        )

    def _read(self, name: str) -> IndexProfile:
        profile = require_profile(self._client, name)
        model = self._service.model
        profile.check_model(model.name, model.revision, name)
        return profile
