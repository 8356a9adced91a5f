"""The last stage: a reranker reads the query together with each of the best hits."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from es_jina.errors import ProviderError
from es_jina.inputs import Image, Input, Text
from es_jina.providers.base import Reranker
from es_jina.search import query as bodies
from es_jina.search.asking import Asking
from es_jina.search.hits import Hit, put

# At least so many of the best hits are read: a reranker is slow and bills all that it reads.
_LEAST = 20


def most_read(size: int) -> int:
    """Return how many of the best hits are read: the same for all pages of one size."""
    return max(_LEAST, 2 * size)


@dataclass(frozen=True, slots=True)
class Reranked:
    """Hits in the order of a reranker.

    Attributes:
        hits: those that were read, best first, then the others as they were.
        read: how many were read.
        unread: how many were not read, those that were refused among them.
        refusals: why the reranker refused each that it did, in the hits' first order.
    """

    hits: list[Hit]
    read: int = 0
    unread: int = 0
    refusals: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Reranking:
    """Orders hits by what a reranker finds of them.

    Attributes:
        reranker: that reads them.
        query: what is looked for.
    """

    reranker: Reranker
    query: Input

    def ordered(self, asking: Asking, hits: Sequence[Hit]) -> Reranked:
        """Order hits; those that cannot be read come last, as they were.

        Args:
            asking: of the index.
            hits: what to order.

        Raises:
            ItemError: the query cannot be read.
            ProviderError: the reranker failed, or refused everything that there was to read.
            ClusterError: Elasticsearch cannot be reached or refuses.
        """
        with asking.trace.stage("rerank"):
            contents = _contents(asking, hits)
            readable = [hit for hit in hits if hit.id in contents]
            documents = [contents[hit.id] for hit in readable]
            ranked = self.reranker.rerank(self.query, documents, truncate=True) if readable else []
            refusals = [str(each.error) for each in ranked if each.error is not None]
            if refusals and len(refusals) == len(ranked):
                # Not one score is there: what would be shown is not reranked.
                raise ProviderError(refusals[0], passing=False)
            scored = [(readable[each.index], each.score) for each in ranked if each.error is None]
            best = [put(hit, "rerank", rank, score) for rank, (hit, score) in enumerate(scored, 1)]
            known = {hit.id for hit in best}
            rest = [hit for hit in hits if hit.id not in known]
            return Reranked(best + unscored(rest), len(best), len(rest), refusals)


def unscored(hits: Sequence[Hit]) -> list[Hit]:
    """Return hits that stand behind those with a reranker's score, which is another scale."""
    return [replace(hit, score=0.0) for hit in hits]


def _contents(asking: Asking, hits: Sequence[Hit]) -> dict[str, Input]:
    """Return what there is to read of hits, by their ids."""
    if not hits:
        return {}
    found = asking.one("rerank", bodies.contents([hit.id for hit in hits]))
    contents = {each["_id"]: _content(each.get("_source", {})) for each in found}
    return {ident: content for ident, content in contents.items() if content is not None}


def _content(fields: Mapping[str, Any]) -> Input | None:
    """Return the text of a document, or the picture that it was made from."""
    text, source = fields.get("text"), fields.get("source")
    if isinstance(text, str) and text.strip():
        return Text(text)
    if fields.get("kind") == "image" and isinstance(source, dict):
        return local_picture(str(source.get("uri")), source.get("sha256"))
    return None


def local_picture(uri: str, sha256: object) -> Image | None:
    """Return a picture of this machine, if it is still what was indexed.

    Its digest also keeps anybody who can write documents from having us send other files away.
    """
    path = local_path(uri)
    try:
        if path is None or not path.is_file():
            return None
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return None
    return Image(path) if found == sha256 else None


def local_path(uri: str) -> Path | None:
    """Return the file of this machine that a source is; ``None`` where it is none."""
    # What follows a # is a record of a file.
    if not uri.startswith("file:///") or "#" in uri:
        return None
    try:
        return Path(os.fsdecode(unquote_to_bytes(uri.removeprefix("file://"))))
    except UnicodeError:  # half a surrogate pair, which anybody may have written
        return None
