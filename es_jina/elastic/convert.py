"""Moving an index's multi-vectors from one store to the other, without embedding anything again."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from elasticsearch import Elasticsearch, NotFoundError

from es_jina.elastic.assets import require_profile
from es_jina.elastic.bulk import Action, BulkWriter
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import cluster_errors
from es_jina.elastic.conversion_note import drop_note
from es_jina.elastic.fast_load import fast_load
from es_jina.elastic.replacement import Replacement
from es_jina.elastic.scan import scan
from es_jina.elastic.stores import TRIAL
from es_jina.elastic.transcode import Transcoder
from es_jina.errors import EXIT_INTERRUPTED, ClusterError, EsJinaError, RequestError
from es_jina.profile import MULTI_VECTOR_FIELD, IndexProfile, Store

_HIDES = "index.mapping.exclude_source_vectors"


class StoppedError(EsJinaError):
    """The conversion was told to stop."""

    exit_code = EXIT_INTERRUPTED


@dataclass(frozen=True, slots=True)
class Converted:
    """What a conversion has done.

    Attributes:
        source: the index that the documents were in; kept, write-blocked, without an alias.
        target: the index that they are in now, behind the alias.
        profile: of the target.
        documents: how many were copied.
        multi_vectors: how many of them have multi-vectors.
        seconds: that it took.
        template_edits: what was changed in an index template that somebody had edited, lines
            ``- path = value`` and ``+ path = value``; empty for one as es_jina left it.
    """

    source: str
    target: str
    profile: IndexProfile
    documents: int
    multi_vectors: int
    seconds: float
    template_edits: tuple[str, ...]


class Conversion:
    """Moves the one index behind an alias to another store.

    Args:
        client: of the cluster.
        alias: of the index.
        store: where its multi-vectors go.
        capabilities: of the cluster.
        on_progress: told how many documents are copied, of how many.
    """

    def __init__(
        self,
        client: Elasticsearch,
        alias: str,
        store: Store,
        capabilities: Capabilities,
        on_progress: Callable[[int, int], None] = lambda *_: None,
    ) -> None:
        self._client = client
        self._alias = alias
        self._store = store
        self._capabilities = capabilities
        self._on_progress = on_progress
        self._stopping = threading.Event()
        self._writer: BulkWriter | None = None
        self._multi_vectors = 0

    def run(self, *, accept_lapse: bool = False) -> Converted | None:
        """Convert the index; what a killed conversion has left is removed first.

        Args:
            accept_lapse: put rank_vectors also where the licence for them is none that lasts.

        Returns:
            What was done; ``None`` where the index has that store already.

        Raises:
            RequestError: there is no such index, it has no multi-vectors or one that cannot be
                read, or the cluster cannot hold them so.
            ClusterError: Elasticsearch cannot be reached or refuses; the message says what has
                become of the index.
            StoppedError: :meth:`stop` was called.
        """
        start = time.monotonic()
        before = require_profile(self._client, self._alias)
        source = self._source()
        if before.multi_vector is None:
            raise RequestError(f"the index {self._alias!r} has no multi-vectors to convert")
        if before.multi_vector.store == self._store:
            drop_note(self._client, source)
            return None
        self._check_licence(accept_lapse=accept_lapse)
        with Replacement(self._client, self._alias, source, before, self._store) as replacement:
            transcoder = Transcoder(before, replacement.profile, self._capabilities)
            documents = self._copied(replacement, transcoder)
            self._check_stop()
            replacement.finish(documents, self._multi_vectors)
        return Converted(
            source,
            replacement.target,
            replacement.profile,
            documents,
            self._multi_vectors,
            time.monotonic() - start,
            replacement.template_edits,
        )

    def stop(self) -> None:
        """End the conversion early, from any thread; the index becomes as it was before."""
        self._stopping.set()
        if self._writer is not None:
            self._writer.hurry()

    def _source(self) -> str:
        """Return the one index behind the alias."""
        with cluster_errors(f"looking up what {self._alias!r} stands for"):
            try:
                found = sorted(self._client.indices.get_alias(name=self._alias))
            except NotFoundError as error:
                raise RequestError(
                    f"{self._alias!r} is no alias but an index: name the alias that leads to it "
                    f"(GET /{self._alias}/_alias)"
                ) from error
        if len(found) > 1:
            raise RequestError(
                f"{self._alias!r} stands for several indices ({', '.join(found)}): only an alias "
                "of one index can be converted"
            )
        return found[0]

    def _check_licence(self, *, accept_lapse: bool) -> None:
        if self._store != "rank_vectors":
            return
        licence = self._capabilities.licence
        if not self._capabilities.rank_vectors:
            raise RequestError(
                f"this cluster (Elasticsearch {self._capabilities.version}, {licence} licence) "
                "does not take rank_vectors: they need 8.18 or later and an Enterprise licence; "
                f"leave {self._alias!r} as it is"
            )
        if accept_lapse or licence == "enterprise" or self._capabilities.flavour == "serverless":
            return
        why = TRIAL
        if licence != "trial":
            why = (
                f"this cluster has a licence that is {licence}: where rank_vectors are no part of "
                "it any more and a node restarts, every index with them turns red"
            )
        raise RequestError(f"{why}; leave {self._alias!r} as it is, or add --yes to go on")

    def _copied(self, replacement: Replacement, transcoder: Transcoder) -> int:
        """Copy every document and return how many there were."""
        copied, total = 0, replacement.total
        self._on_progress(copied, total)
        with (
            fast_load(self._client, replacement.target),
            BulkWriter(self._client, replacement.target, pipeline="_none") as writer,
            cluster_errors(f"copying {replacement.source!r} to {replacement.target!r}"),
        ):
            self._writer = writer
            for outcome in writer.write(self._actions(replacement.source, transcoder)):
                if outcome.error is not None:
                    self._check_stop()
                    raise ClusterError(
                        f"copying the document {outcome.id!r} to {replacement.target!r}: "
                        f"{outcome.error}"
                    )
                copied += 1
                self._on_progress(copied, total)
        return copied

    def _actions(self, source: str, transcoder: Transcoder) -> Iterator[Action]:
        for hit in scan(self._client, source, self._shown(source), self._pause):
            self._check_stop()
            document = transcoder.document(hit)
            self._multi_vectors += MULTI_VECTOR_FIELD in document
            yield Action(hit["_id"], document, hit.get("_routing"))

    def _shown(self, source: str) -> dict[str, object]:
        """Return the search body that shows whole documents."""
        (settings,) = self._client.indices.get_settings(
            index=source, name=_HIDES, include_defaults=True, flat_settings=True
        ).values()
        # Releases before 9.2 know neither the setting nor the option, and show everything.
        known = any(_HIDES in told for told in settings.values())
        shown: dict[str, object] = {"_source": {"exclude_vectors": False} if known else True}
        if self._store == "rank_vectors":
            # Packed multi-vectors are in doc values alone; a lapsed licence forbids the others'.
            shown["docvalue_fields"] = [MULTI_VECTOR_FIELD]
        return shown

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds)
        self._check_stop()

    def _check_stop(self) -> None:
        if self._stopping.is_set():
            raise StoppedError("Interrupted")
