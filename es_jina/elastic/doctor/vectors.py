"""Whether the vectors of a few documents are vectors."""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pybase64
from elasticsearch import Elasticsearch
from numpy.typing import NDArray

from es_jina.dense import DenseProfile
from es_jina.elastic.client import cluster_errors
from es_jina.elastic.doctor.finding import Finding
from es_jina.elastic.doctor.index import Index
from es_jina.elastic.vectors import decode, unpack
from es_jina.profile import MULTI_VECTOR_FIELD, MultiVectorProfile

_SAMPLE = 10
# Documents per shard that are given a random score: some milliseconds of work, and all documents
# of most indices. Of a larger shard the sample is of those that lie first in it.
_SCORED = 100_000
# bfloat16 keeps 8 bits of each number.
_LENGTH_TOLERANCE = 0.01

Hits = list[dict[str, Any]]


def examine_vectors(client: Elasticsearch, index: Index) -> Iterator[Finding]:
    """Look at the vectors of some documents, chosen at random.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    hits = _sample(client, index)
    faults: defaultdict[str, list[str]] = defaultdict(list)
    for hit in hits:
        for fault in _faults(index, hit):
            faults[fault].append(hit["_id"])
    told = [
        f"{len(ids)} of {len(hits)} documents of a sample have {fault}: {', '.join(ids)}"
        for fault, ids in faults.items()
    ]
    told += [
        f"all {len(hits)} documents of a sample have one and the same {dense.field}, and they are "
        "not the same"
        for dense in index.profile.dense
        if _all_alike(hits, dense)
    ]
    step = f"look at what has written them, then load them anew: {index.ingest}"
    yield from (Finding("problem", index.name, each, step) for each in told)


def _sample(client: Elasticsearch, index: Index) -> Hits:
    multi = index.profile.multi_vector
    fields = [dense.field for dense in index.profile.dense]
    packed: list[str] = []
    if multi is not None:
        (packed if multi.store == "binary" else fields).append(MULTI_VECTOR_FIELD)
    request: dict[str, Any] = {
        "size": _SAMPLE,
        "terminate_after": _SCORED,
        "query": {"function_score": {"random_score": {}}},
        "source": ["source.sha256", "unit", "text"],
        "fields": fields,
        "docvalue_fields": packed,
    }
    with cluster_errors(f"reading the vectors of some documents of {index.name!r}"):
        answer = client.search(index=index.name, **request)
    hits: Hits = answer["hits"]["hits"]
    return hits


def _values(hit: dict[str, Any], field: str) -> list[Any] | None:
    # Releases before 9.2 give hexadecimal back as a value that they have ignored.
    for told in ("fields", "ignored_field_values"):
        values: list[Any] | None = hit.get(told, {}).get(field)
        if values is not None:
            return values
    return None


def _faults(index: Index, hit: dict[str, Any]) -> Iterator[str]:
    """Say what is wrong with the vectors of one document; what is missing is counted elsewhere."""
    for dense in index.profile.dense:
        values = _values(hit, dense.field)
        if values is not None and (fault := dense_fault(values, dense)):
            yield f"an {dense.field} {fault}"
    multi = index.profile.multi_vector
    if multi is not None:
        values = _values(hit, MULTI_VECTOR_FIELD)
        if values is not None and (fault := multi_fault(values, multi)):
            yield f"a {MULTI_VECTOR_FIELD} {fault}"


def dense_fault(values: list[Any], dense: DenseProfile) -> str | None:
    """Say what is wrong with a dense vector as Elasticsearch gives it back; ``None`` if nothing.

    Args:
        values: numbers, or one text in hexadecimal (bytes and bits) or base64 (the others).
        dense: the field.
    """
    length = dense.dims // 8 if dense.element_type == "bit" else dense.dims
    vector = _numbers(values, dense)
    if vector is None or len(vector) != length:
        return f"that is not {length} numbers"
    if fault := _number_fault(vector):
        return fault
    unit = dense.similarity == "dot_product" and dense.element_type in ("float", "bfloat16")
    if unit and abs(float(np.linalg.norm(vector)) - 1) > _LENGTH_TOLERANCE:
        return "whose length is not 1, which dot_product takes for granted"
    return None


def _numbers(values: list[Any], dense: DenseProfile) -> NDArray[np.float64] | None:
    try:
        if isinstance(values[0], str):
            if dense.element_type in ("byte", "bit"):
                return np.frombuffer(bytes.fromhex(values[0]), np.int8).astype(np.float64)
            packed = pybase64.b64decode(values[0], validate=True)
            return np.frombuffer(packed, ">f4").astype(np.float64)
        return np.asarray(values, np.float64)
    except (ValueError, TypeError, IndexError):
        return None


def multi_fault(values: list[Any], multi: MultiVectorProfile) -> str | None:
    """Say what is wrong with a multi-vector as Elasticsearch gives it back; ``None`` if nothing.

    Args:
        values: one base64 text of a ``binary`` field, or the rows of ``rank_vectors``.
        multi: how it was stored.
    """
    try:
        vectors = _rows(values, multi)
    except ValueError:
        return f"that is not whole rows of {multi.dims} dims"
    if not len(vectors):
        return "without a row"
    # Every row of bits is a vector: a 0 stands for a negative number.
    return None if multi.element_type == "bit" else _number_fault(vectors)


def _rows(values: list[Any], multi: MultiVectorProfile) -> NDArray[np.floating]:
    """Return (rows, numbers of a row).

    Raises:
        ValueError: it is not whole rows.
    """
    if multi.store == "binary":
        return decode(unpack(values[0], multi.element_type, multi.dims), multi.element_type)
    length = multi.dims // 8 if multi.element_type == "bit" else multi.dims
    rows = np.asarray(values, np.float64)
    if len(rows) and rows.shape[1:] != (length,):
        raise ValueError(rows.shape)
    return rows


def _number_fault(numbers: NDArray[np.floating]) -> str | None:
    if not np.isfinite(numbers).all():
        return "with numbers that are not finite"
    return None if numbers.any() else "of zeros alone"


def _all_alike(hits: Hits, dense: DenseProfile) -> bool:
    """Say whether documents of different content share one vector throughout."""
    contents = {json.dumps(hit.get("_source", {}), sort_keys=True) for hit in hits}
    vectors = {json.dumps(_values(hit, dense.field)) for hit in hits}
    return len(contents) > 1 and len(vectors) == 1 and vectors != {"null"}
