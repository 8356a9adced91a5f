"""The vectors that a document has, as a query for others like it."""

from typing import Any

import numpy as np

from es_jina.dense import DenseProfile
from es_jina.elastic.transcode import read_multi_vector
from es_jina.elastic.vectors import BYTE_SCALE, decode
from es_jina.embedding import Embedding, Vector, unit
from es_jina.errors import RequestError
from es_jina.profile import MULTI_VECTOR_FIELD, IndexProfile
from es_jina.search import query as bodies
from es_jina.search.asking import Asking


def stored_embedding(asking: Asking, profile: IndexProfile, ident: str) -> Embedding | None:
    """Return the vectors of a document, as exactly as the index has them.

    Args:
        asking: of the index.
        profile: of the index.
        ident: the document's ``_id``.

    Returns:
        ``None`` where there is no such document.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
        RequestError: the document lacks a vector that the others have.
    """
    found = asking.one("stored", bodies.stored_vectors(ident, profile))
    if not found:
        return None
    fields, multi = found[0].get("fields", {}), profile.multi_vector
    try:
        return Embedding(
            single=_single(fields[profile.finest.field], profile.finest),
            multi=None if multi is None else read_multi_vector(fields[MULTI_VECTOR_FIELD], multi),
            tokens=0,
        )
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise RequestError(
            f"the document {ident!r} has no vectors to search by: choose another one"
        ) from error


def _single(value: list[Any], dense: DenseProfile) -> Vector:
    match dense.element_type:
        case "byte":
            return unit(np.array(value, np.float32) / np.float32(BYTE_SCALE))
        case "bit":
            (signs,) = decode(np.array([value], np.int8).view(np.uint8), "bit")
            return np.asarray(signs)
    return unit(np.array(value, np.float32))
