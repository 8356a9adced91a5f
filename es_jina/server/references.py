"""Late interaction by reference: the stored multi-vectors of documents that are named alone."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread
from elasticsearch import ApiError, BadRequestError, Elasticsearch, TransportError

from es_jina.elastic.assets import require_profile
from es_jina.elastic.patience import is_transient
from es_jina.embedding import Vector
from es_jina.errors import ClusterError, EsJinaError, ProfileMismatchError, RequestError
from es_jina.profile import IndexProfile
from es_jina.providers.base import ModelInfo
from es_jina.search.asking import Asking, Found
from es_jina.search.late import LateInteraction
from es_jina.search.query import Body
from es_jina.search.trace import Trace
from es_jina.server.refused import BUSY, FORBIDDEN, UNAVAILABLE, RefusedError

_LOG = logging.getLogger(__name__)
# Batches read at the same time; each is a thread and a connection.
_AT_ONCE = 8
_RETRY_AFTER = 5  # seconds
# Where a document has the fingerprint of the profile that it was made for.
_FINGERPRINT = "profile"


class _ChangedError(Exception):
    """A document may have been made for another profile than the index is known by."""


@dataclass(frozen=True)
class _Watching(Asking):
    """Asks each hit for its fingerprint too.

    Attributes:
        fingerprint: of the profile that the index is known by.
    """

    fingerprint: str

    def one(self, stage: str, body: Body) -> Found:
        """Search once.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
            _ChangedError: a hit has another fingerprint, or none.
        """
        shown = [*body.get("docvalue_fields", ()), _FINGERPRINT]
        found = super().one(stage, {**body, "docvalue_fields": shown})
        told = {hit.get("fields", {}).get(_FINGERPRINT, [None])[0] for hit in found}
        if told - {self.fingerprint}:
            raise _ChangedError
        return found


class ReferencedIndices:
    """The indices whose documents may be named; several threads may share it."""

    def __init__(self, client: Elasticsearch, names: Iterable[str], model: ModelInfo) -> None:
        """Read what each index was made for.

        Args:
            client: of the cluster.
            names: of the indices, or of aliases that each stand for one.
            model: that is served, and makes the queries' vectors.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
            ProfileMismatchError: an index was made with another model.
            RequestError: there is no such index, it is not one of ours or has no multi-vectors.
        """
        self._client = client
        self._model = model
        self._profiles = {name: self._read(name) for name in names}
        self._limiter = CapacityLimiter(_AT_ONCE)

    @property
    def names(self) -> list[str]:
        """Of the indices."""
        return list(self._profiles)

    def profile(self, index: str) -> IndexProfile:
        """Return what an index was made for, as far as we know.

        Raises:
            RefusedError: nobody may name its documents.
        """
        if index not in self._profiles:
            raise RefusedError(
                403,
                f"documents of the index {index!r} may not be named here: start the server with "
                "--index and its name",
                FORBIDDEN,
            )
        return self._profiles[index]

    async def scores(
        self, index: str, query: Vector, references: Sequence[str]
    ) -> list[float | None]:
        """Score documents by MaxSim, as a search by late interaction does.

        Args:
            index: of the documents.
            query: float32 (query tokens, dims).
            references: each the ``_id`` of a document, which its field ``ref`` has too; they may
                repeat.

        Returns:
            The score for each reference; ``None`` where the index has no such document, or the
            document no multi-vector.

        Raises:
            RefusedError: nobody may name documents of the index, or it cannot be read now.
        """
        self.profile(index)
        # Elasticsearch knows no empty id and would refuse the others along with it.
        ids = [each for each in dict.fromkeys(references) if each]
        try:
            found = await to_thread.run_sync(
                self._scores, index, query, ids, limiter=self._limiter, abandon_on_cancel=True
            )
        except EsJinaError as error:
            raise _unavailable(index, error) from error
        return [found.get(each) for each in references]

    def _scores(self, index: str, query: Vector, ids: list[str]) -> dict[str, float]:
        known = self._profiles[index]
        asking = _Watching(self._client, index, None, Trace(), known.fingerprint)
        try:
            return _late(query, known).scores(asking, ids)
        except (_ChangedError, ClusterError) as error:
            # The other store refuses a request that is for the first one.
            if isinstance(error, ClusterError) and not _is_bad_request(error):
                raise
            fresh = self._read(index)
            if fresh == known and isinstance(error, ClusterError):
                raise
        self._profiles[index] = fresh
        # What somebody else has written may have none: it is compared all the same, as in a search.
        return _late(query, fresh).scores(Asking(self._client, index, None, Trace()), ids)

    def _read(self, index: str) -> IndexProfile:
        profile = require_profile(self._client, index)
        profile.check_model(self._model.name, self._model.revision, index)
        multi = profile.multi_vector
        if multi is None:
            raise RequestError(
                f"the index {index!r} has no multi-vectors, so its documents cannot be reranked by "
                "reference: name another index, or make one with --multi-vector"
            )
        if multi.dims != self._model.multi_dims:
            raise ProfileMismatchError(
                f"the index {index!r} has multi-vectors of {multi.dims} dims, and the model at "
                f"hand makes {self._model.multi_dims or 'none'}; give --model to match"
            )
        return profile


def _late(query: Vector, profile: IndexProfile) -> LateInteraction:
    assert profile.multi_vector is not None  # noqa: S101
    return LateInteraction(query, profile.multi_vector)


def _is_bad_request(error: ClusterError) -> bool:
    return isinstance(error.__cause__, BadRequestError)


def _unavailable(index: str, error: EsJinaError) -> RefusedError:
    """Return what a client is told; what Elasticsearch says is for the log, it names addresses."""
    _LOG.warning("reranking by reference: %s", error)
    cause = error.__cause__
    if isinstance(cause, ApiError | TransportError) and is_transient(cause):
        # The one status that makes Elasticsearch's own inference services ask again.
        told = f"the index {index!r} cannot be read just now: ask again in {_RETRY_AFTER} seconds"
        return RefusedError(429, told, BUSY, retry_after=_RETRY_AFTER)
    told = f"the index {index!r} cannot be read: the log of the server says why"
    return RefusedError(503, told, UNAVAILABLE)
