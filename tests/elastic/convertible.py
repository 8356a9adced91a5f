"""An index whose multi-vectors can be moved, and what is in it."""

from dataclasses import replace
from typing import Any

import numpy as np
from elasticsearch import Elasticsearch

from es_jina.dense import DenseProfile, ElementType
from es_jina.elastic.bulk import Action, BulkWriter
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.elastic.vectors import dense_value, pack, rank_vectors_value, unpack
from es_jina.profile import MULTI_VECTOR_FIELD, IndexProfile, MultiVectorProfile, Store

DIMS = 64
PROFILE = IndexProfile(
    "model",
    "rev",
    (DenseProfile.of(128), DenseProfile.of(256, "hnsw", "byte")),
    MultiVectorProfile("binary", "bit", DIMS),
    1000,
)


def unit_rows(seed: int, count: int, dims: int) -> Any:
    rows = np.random.default_rng(seed).normal(size=(count, dims)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


MULTIS = {f"d{n}": unit_rows(n, 1 + n % 5, DIMS) for n in range(30)}
WITHOUT = {"d3", "d7"}


def fitting(store: Store, element_type: ElementType) -> IndexProfile:
    return replace(PROFILE, multi_vector=MultiVectorProfile(store, element_type, DIMS, 2))


def documents(profile: IndexProfile, capabilities: Capabilities) -> list[Action]:
    multi = profile.multi_vector
    assert multi is not None
    actions = []
    for number, (ident, rows) in enumerate(MULTIS.items()):
        document: dict[str, Any] = {
            "title": ident,
            "text": f"text {ident}",
            "unlisted": {"kept": number},
            "profile": profile.fingerprint,
        }
        for dense in profile.dense:
            single = unit_rows(number, 1, dense.dims)[0]
            allowed = bool(capabilities.base64_documents)
            document[dense.field] = dense_value(single, dense, base64_allowed=allowed)
        if ident not in WITHOUT:
            document[MULTI_VECTOR_FIELD] = (
                pack(rows, multi.element_type)
                if multi.store == "binary"
                else rank_vectors_value(
                    rows,
                    multi.element_type,
                    base64_allowed=bool(capabilities.base64_rank_vectors),
                )
            )
        actions.append(Action(ident, document, f"r{number % 3}" if number % 2 else None))
    return actions


def fill(
    client: Elasticsearch, index: str, profile: IndexProfile, capabilities: Capabilities
) -> None:
    """Make the index and put the documents into it."""
    set_up(client, index, profile, capabilities)
    outcomes = list(BulkWriter(client, index).write(documents(profile, capabilities)))
    assert [outcome for outcome in outcomes if outcome.error] == []
    client.indices.refresh(index=index)


def template(client: Elasticsearch, index: str) -> dict[str, Any]:
    """The index template, but for its dates."""
    (found,) = client.indices.get_index_template(name=f"es-jina-{index}")["index_templates"]
    return {k: told for k, told in found["index_template"].items() if "_date" not in k}


def edit_template(
    client: Elasticsearch, index: str, settings: dict[str, Any], mappings: dict[str, Any]
) -> None:
    """Give the index template settings, and parts of a mapping, of somebody's own."""
    body = template(client, index)
    fields = body["template"]["mappings"]["properties"] | mappings.get("properties", {})
    body["template"]["settings"] = settings
    body["template"]["mappings"] |= {**mappings, "properties": fields}
    client.indices.put_index_template(name=f"es-jina-{index}", body=body)


def state(client: Elasticsearch, index: str) -> dict[str, Any]:
    """Settings, mapping and aliases of all indices of a name, and what the next would be like."""
    found: dict[str, Any] = client.indices.get(index=f"{index}-*", flat_settings=True).body
    next_one = client.indices.simulate_index_template(name=f"{index}-000009").body
    return {**found, "next": next_one["template"]}


def content(client: Elasticsearch, index: str) -> dict[str, Any]:
    """Every document with its vectors, as lists, and its routing; multi-vectors apart."""
    found = client.search(index=index, size=100, source={"exclude_vectors": False})
    told = {}
    for hit in found["hits"]["hits"]:
        source = {k: v for k, v in hit["_source"].items() if k != MULTI_VECTOR_FIELD}
        told[hit["_id"]] = (source, hit.get("_routing"))
    return told


def multi_vectors(client: Elasticsearch, index: str, element_type: ElementType) -> dict[str, Any]:
    """Every multi-vector as it is stored, from doc values."""
    found = client.search(
        index=index, size=100, docvalue_fields=[{"field": MULTI_VECTOR_FIELD}], source=False
    )
    told = {}
    for hit in found["hits"]["hits"]:
        (value,) = hit.get("fields", {}).get(MULTI_VECTOR_FIELD, [None])
        if isinstance(value, str):
            value = unpack(value, element_type, DIMS)
        if value is not None:
            told[hit["_id"]] = value
    return told
