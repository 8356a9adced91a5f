"""Late interaction by reference: the stored multi-vectors of documents that are named alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic

from elasticsearch import Elasticsearch

from es_jina.elastic.assets import require_profile
from es_jina.embedding import Vector
from es_jina.errors import ClusterError, EsJinaError, ProfileMismatchError, RequestError
from es_jina.profile import IndexProfile
from es_jina.providers.base import ModelInfo
from es_jina.search.asking import Asking, Found
from es_jina.search.late import LateInteraction
from es_jina.search.query import Body
from es_jina.search.trace import Trace
from es_jina.server.index_faults import index_refused, is_bad_request
from es_jina.server.refused import FORBIDDEN, RefusedError
from es_jina.server.threads import Threads

# Batches read at the same time; each is a thread and a connection.
_AT_ONCE = 8
_WAITING = 64
# For one answer of Elasticsearch, and for a thread before that: somebody waits for the hits.
_SECONDS = 10.0
# Where a document has the fingerprint of the profile that it was made for.
_FINGERPRINT = "profile"
_Fingerprints = frozenset[str | None]
# How long documents of other profiles are no reason to read the index's again; by then they may be
# what `convert-multi` has left.
_FAMILIAR_SECONDS = 10.0


class _ChangedError(Exception):
    """A document may have been made for another profile than the index is known by.

    Attributes:
        foreign: the fingerprints that say so; ``None`` for a document without one.
    """

    def __init__(self, foreign: _Fingerprints) -> None:
        super().__init__(foreign)
        self.foreign = foreign


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of an index.

    Attributes:
        profile: as it was read.
        foreign: fingerprints of documents that the index had then, beside the profile's own.
        until: when they count as a change again, by the monotonic clock.
    """

    profile: IndexProfile
    foreign: _Fingerprints = frozenset()
    until: float = 0.0

    @property
    def familiar(self) -> _Fingerprints:
        """Fingerprints that are no reason to read the profile again."""
        foreign = self.foreign if monotonic() < self.until else frozenset()
        return foreign | {self.profile.fingerprint}


@dataclass(frozen=True)
class _Watching(Asking):
    """Asks each hit for its fingerprint too.

    Attributes:
        familiar: the fingerprints that documents may have.
    """

    familiar: _Fingerprints

    def one(self, stage: str, body: Body) -> Found:
        """Search once.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
            _ChangedError: a hit has another fingerprint.
        """
        shown = [*body.get("docvalue_fields", ()), _FINGERPRINT]
        found = super().one(stage, {**body, "docvalue_fields": shown})
        told = {hit.get("fields", {}).get(_FINGERPRINT, [None])[0] for hit in found}
        if foreign := told - self.familiar:
            raise _ChangedError(frozenset(foreign))
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
        self._client = client.options(request_timeout=_SECONDS)
        self._model = model
        self._known = {name: _Known(self._read(name)) for name in names}
        self._threads = Threads(_AT_ONCE, _WAITING, _SECONDS)

    def profile(self, index: str) -> IndexProfile:
        """Return what an index was made for, as far as we know.

        Raises:
            RefusedError: nobody may name its documents.
        """
        if index not in self._known:
            raise RefusedError(
                403,
                f"documents of the index {index!r} may not be named here: start the server with "
                "--index and its name; it must have multi-vectors",
                FORBIDDEN,
            )
        return self._known[index].profile

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
            RefusedError: nobody may name documents of the index, it is gone or of another kind by
                now, it cannot be read now, or too many wait already.
        """
        self.profile(index)
        # Elasticsearch knows no empty id and would refuse the others along with it.
        ids = [each for each in dict.fromkeys(references) if each]
        try:
            found = await self._threads.run(partial(self._scores, index, query, ids))
        except EsJinaError as error:
            doing = "reranking by reference"
            raise index_refused(index, error, doing, for_inference=True) from error
        return [found.get(each) for each in references]

    def _scores(self, index: str, query: Vector, ids: list[str]) -> dict[str, float]:
        known = self._known[index]
        asking = _Watching(self._client, index, None, Trace(), known.familiar)
        try:
            return _late(query, known.profile).scores(asking, ids)
        except _ChangedError as error:
            profile = self._read(index)
            foreign = error.foreign
            if profile == known.profile:
                foreign |= known.familiar
        except ClusterError as error:
            # The other store refuses a request that is for the first one.
            if not is_bad_request(error):
                raise
            profile, foreign = self._read(index), frozenset()
            if profile == known.profile:
                raise
        self._known[index] = _Known(profile, foreign, monotonic() + _FAMILIAR_SECONDS)
        # What somebody else has written may have none: it is compared all the same, as in a search.
        return _late(query, profile).scores(Asking(self._client, index, None, Trace()), ids)

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
