"""An index that is made to take another one's place behind its aliases, in a single step.

It is the first one but for its store of multi-vectors: with its settings and its mapping.

Until then the first one refuses writes, and that none was made is checked once more at the end, so
that nothing is lost; searches go on all the time. What does not come to an end is undone.
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Self

from elasticsearch import ApiError, BadRequestError, Elasticsearch

from es_jina.elastic.assets import META_KEY, assets
from es_jina.elastic.client import cluster_errors
from es_jina.elastic.conversion_note import Note, drop_note, unfinished
from es_jina.elastic.successor import successor_mappings, successor_settings
from es_jina.elastic.successor_template import FittedTemplate, fit_template, puttable
from es_jina.elastic.templates import compare, find, put
from es_jina.errors import ClusterError, EsJinaError, RequestError
from es_jina.profile import MULTI_VECTOR_FIELD, IndexProfile, Store

_BLOCK = "index.blocks.write"
_FINAL_PIPELINE = "index.final_pipeline"


class Replacement:
    """The next index behind an alias, for another profile; a context manager.

    Inside the block it is there, empty, and the source refuses writes; :meth:`finish` ends it.

    Args:
        client: of the cluster.
        alias: of the source.
        source: the index that is to be replaced.
        profile: of the source.
        store: where the next one has its multi-vectors; all else in its profile is the same.

    Attributes:
        source: the index that is to be replaced.
        target: the next one.
        profile: of the next one.
        template_edits: what was changed in an index template that somebody has edited.
    """

    def __init__(
        self,
        client: Elasticsearch,
        alias: str,
        source: str,
        profile: IndexProfile,
        store: Store,
    ) -> None:
        if profile.multi_vector is None:
            raise ValueError("the profile has no multi-vectors")
        self.source, self.target = source, ""
        self._client = client
        self._alias = alias
        self._store = store
        self.profile = replace(profile, multi_vector=replace(profile.multi_vector, store=store))
        self._was_blocked = True  # until it is known, the block is not ours to lift
        self._swapping = False
        self.template_edits: tuple[str, ...] = ()
        self._final_pipeline: str | None = None
        self._template: dict[str, Any] | None = None
        self._written: dict[str, int] = {}

    def __enter__(self) -> Self:
        try:
            with cluster_errors(f"preparing a copy of {self.source!r}"):
                self._begin()
        except BaseException as error:
            self._abandon(error)
            raise
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None:
            self._abandon(error)

    @property
    def total(self) -> int:
        """How many documents the source has."""
        return self._count(self.source)

    def finish(self, documents: int, multi_vectors: int) -> None:
        """Put the target in the place of the source, once all is known to be in it.

        Args:
            documents: that were copied.
            multi_vectors: how many of them have multi-vectors.

        Raises:
            ClusterError: something is missing, or Elasticsearch cannot be reached or refuses.
        """
        with cluster_errors(f"putting {self.target!r} in the place of {self.source!r}"):
            self._client.indices.refresh(index=self.target)
            found = self._count(self.target), self._count(self.target, MULTI_VECTOR_FIELD)
            last = self._sequence_numbers()
            if found != (documents, multi_vectors) or documents != self.total:
                raise ClusterError(
                    f"{self.target!r} has {found[0]} documents, {found[1]} with multi-vectors; "
                    f"{documents} and {multi_vectors} were copied of {self.total}: try again"
                )
            if last != self._written:
                raise ClusterError(
                    f"{self.source!r} was written to while it was copied, for somebody has lifted "
                    "its write block: try again"
                )
            if self._final_pipeline is not None:
                pipeline = {_FINAL_PIPELINE: self._final_pipeline}
                self._client.indices.put_settings(index=self.target, settings=pipeline)
            self._swap()
        drop_note(self._client, self.target)

    def _begin(self) -> None:
        indices = self._client.indices
        left = unfinished(self._client, self._alias, self.source)
        blocked = indices.get_settings(index=self.source, name=_BLOCK, flat_settings=True)
        told = blocked.get(self.source, {}).get("settings", {}).get(_BLOCK)
        # A block that an unfinished one has left was not there before.
        self._was_blocked = told == "true" and all(note.was_blocked for note in left.values())
        (*_, asset) = assets(self._alias, self.profile).templates()
        template = find(self._client, asset)
        self._template = None if template is None else puttable(template)
        self._create()
        # Now that the new copy has the note, the others may go.
        for name in left:
            indices.delete(index=name)
        # Other than the setting alone, this returns when no write is under way any more.
        indices.add_block(index=self.source, block="write")
        indices.refresh(index=self.source)
        self._written = self._sequence_numbers()

    def _create(self) -> None:
        target = self._next_name()
        template = self._fit_templates(target)
        found = self._client.indices.get(index=self.source, flat_settings=True)[self.source]
        settings = successor_settings(found["settings"])
        # Its documents have been through it already.
        self._final_pipeline = settings.pop(_FINAL_PIPELINE, None)
        mappings = successor_mappings(found["mappings"], self.profile)
        note = Note(self._alias, self.source, self._store, self._was_blocked)
        meta = {**mappings["_meta"], **note.to_meta()}
        content = {"settings": settings, "mappings": mappings}
        with self._own_template(target, content, template.priority + 1):
            self._client.indices.create(index=target, mappings={"_meta": meta})
            self.target = target
        self.template_edits = template.edits

    def _fit_templates(self, target: str) -> FittedTemplate:
        """Make the templates fit the target, and with it the indices that follow it."""
        *components, index_template = assets(self._alias, self.profile).templates()
        for asset in components:
            if compare(self._client, asset).written:
                put(self._client, asset)
        fitted = fit_template(self._client, index_template, self._store)
        winner = self._client.indices.simulate_index_template(name=target)["template"]
        meta = winner.get("mappings", {}).get("_meta", {})
        if meta.get(META_KEY) != self.profile.to_meta():
            raise RequestError(
                f"{target!r} would not follow the {index_template}: another index template with a "
                f"priority above {fitted.priority} claims it, or the index_patterns of this one "
                "leave it out; mend that first"
            )
        return fitted

    @contextlib.contextmanager
    def _own_template(self, index: str, content: dict[str, Any], priority: int) -> Iterator[None]:
        """Let an index have this content alone: to a request's, a template would add its own."""
        name = f"convert-multi-{self._alias}"
        self._client.indices.put_index_template(
            name=name, index_patterns=[index], priority=priority, template=content
        )
        try:
            yield
        finally:
            self._client.indices.delete_index_template(name=name)

    def _next_name(self) -> str:
        found = self._client.indices.get_settings(
            index=f"{self._alias}-*", name="index.uuid", expand_wildcards="all"
        )
        name = re.compile(rf"{re.escape(self._alias)}-(\d{{6,}})")
        numbers = [int(known[1]) for each in found if (known := name.fullmatch(each))]
        return f"{self._alias}-{max(numbers, default=0) + 1:06d}"

    def _swap(self) -> None:
        """Move all aliases of the source at once, with their filters and routing."""
        aliases = self._client.indices.get_alias(index=self.source)[self.source]["aliases"]
        actions: list[dict[str, Any]] = []
        for name, how in aliases.items():
            actions.append({"add": {"index": self.target, "alias": name, **how}})
            gone = {"index": self.source, "alias": name, "must_exist": True}
            actions.append({"remove": gone})
        self._swapping = True
        try:
            # A second try would not find what the first one has removed.
            self._client.options(max_retries=0).indices.update_aliases(actions=actions)
        except ApiError as error:
            self._swapping = error.status_code >= 500
            raise

    def _count(self, index: str, field: str | None = None) -> int:
        having: dict[str, Any] = {"exists": {"field": field}} if field else {"match_all": {}}
        with cluster_errors(f"counting the documents of {index!r}"):
            count: int = self._client.count(index=index, query=having)["count"]
        return count

    def _sequence_numbers(self) -> dict[str, int]:
        """Return the number of the last write to each shard of the source."""
        told = self._client.indices.stats(
            index=self.source,
            level="shards",
            filter_path="indices.*.shards.*.routing.primary,indices.*.shards.*.seq_no",
        )
        return {
            number: copy["seq_no"]["max_seq_no"]
            for number, copies in told["indices"][self.source]["shards"].items()
            for copy in copies
            if copy["routing"]["primary"]
        }

    def _abandon(self, error: BaseException) -> None:
        """Undo everything, and say in the error what has become of the index.

        Raises:
            EsJinaError: the same with more words.
        """
        if self._swapping:
            what = (
                f"whether {self.target!r} has taken the place of {self.source!r} is not known: try "
                "again to see"
            )
        else:
            what = f"{self._alias!r} is as it was before"
            try:
                with cluster_errors("undoing it"):
                    self._undo()
            except ClusterError as failed:
                what = (
                    f"{failed}, so {self.source!r} may still refuse writes: try again, or ask "
                    f"`es-jina doctor {self._alias}`"
                )
        if isinstance(error, EsJinaError):
            raise type(error)(f"{error}; {what}") from error

    def _undo(self) -> None:
        if not self._was_blocked:
            self._unblock()
        if self._template is not None:
            # Refused where the licence for what is in it has lapsed, and missed by nobody then.
            with contextlib.suppress(BadRequestError):
                self._client.indices.put_index_template(
                    name=f"es-jina-{self._alias}", body=self._template
                )
        if self.target:
            # Last: until then its note says who has set the block.
            self._client.indices.delete(index=self.target)

    def _unblock(self) -> None:
        try:
            self._client.indices.put_settings(index=self.source, settings={_BLOCK: None})
        except BadRequestError:
            # A lapsed licence forbids changes of settings, but not of blocks.
            self._client.indices.remove_block(index=self.source, block="write")
