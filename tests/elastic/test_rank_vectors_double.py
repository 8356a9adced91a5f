"""The rules that the double holds to: section 12 of the facts page, line by line."""

import base64
import struct
from typing import Any

import numpy as np
import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from es_jina.elastic.client import reason

from .rank_vectors_double import Licence, RankVectorsDouble

FLOATS = struct.pack(">8f", *range(8))
SOURCE = "Math.max(0.0, {}(params.query, 'v') * params.factor + params.summand + 1.0)"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture
def made(ranked: Elasticsearch, index: str) -> Any:
    """Makes the index with a field `v`."""
    return lambda **field: ranked.indices.create(
        index=f"{index}-000001", mappings={"properties": {"v": {"type": "rank_vectors", **field}}}
    )


def refusal(call: Any) -> str:
    with pytest.raises(ApiError) as refused:
        call()
    return reason(refused.value)


def put(ranked: Elasticsearch, index: str, ident: str, value: Any) -> None:
    ranked.index(index=f"{index}-000001", id=ident, document={"v": value}, refresh=True)


def shown(ranked: Elasticsearch, index: str, ident: str) -> Any:
    found = ranked.get(index=f"{index}-000001", id=ident, source_exclude_vectors=False)
    return found["_source"].get("v")


def test_the_mapping_shows_what_is_not_a_default(
    ranked: Elasticsearch, index: str, made: Any
) -> None:
    made(dims=8)
    (told,) = ranked.indices.get_mapping(index=f"{index}-*").values()
    assert told["mappings"]["properties"]["v"] == {"type": "rank_vectors", "dims": 8}


@pytest.mark.parametrize("key", ["index", "similarity", "index_options", "doc_values", "store"])
def test_parameters_that_it_lacks(made: Any, key: str) -> None:
    told = refusal(lambda: made(dims=8, **{key: True}))
    assert f"400: Failed to parse mapping: [v]: unknown parameter [{key}] on mapper [v]" in told


@pytest.mark.parametrize(
    "field", [{"dims": 0}, {"dims": 4097}, {"dims": 12, "element_type": "bit"}, {}]
)
def test_dims_that_are_none(made: Any, field: dict[str, Any]) -> None:
    assert "dims" in refusal(lambda: made(**field))


def test_a_field_stays_what_it_is(ranked: Elasticsearch, index: str, made: Any) -> None:
    made(dims=8)
    name = f"{index}-000001"
    for field in ({"type": "rank_vectors", "dims": 16}, {"type": "binary"}):
        told = refusal(lambda f=field: ranked.indices.put_mapping(index=name, properties={"v": f}))
        assert "conflicts" in told
    ranked.indices.put_mapping(index=name, properties={"v": {"type": "rank_vectors", "dims": 8}})


@pytest.mark.parametrize(
    ("element_type", "value", "read"),
    [
        ("float", [[0, 1, 2, 3, 4, 5, 6, 7.5]], [[0, 1, 2, 3, 4, 5, 6, 7.5]]),
        ("float", [b64(FLOATS)], [[*range(8)]]),
        ("float", [b64(struct.pack(">8H", *[0x3FC0] * 8))], [[1.5] * 8]),
        ("bfloat16", [b64(struct.pack(">8H", *[0x3FC0] * 8))] * 2, [[1.5] * 8] * 2),
        ("bfloat16", [[1.001953125] * 8], [[1.0] * 8]),
        ("byte", [[-128, 127, 0, 0, 0, 0, 0, 1]], [[-128, 127, 0, 0, 0, 0, 0, 1]]),
        ("byte", ["807f000000000001"], [[-128, 127, 0, 0, 0, 0, 0, 1]]),
        ("byte", [b64(bytes(range(8)))], [[*range(8)]]),
        ("bit", [[-1]], [[-1]]),
        ("bit", ["ff", "80"], [[-1], [-128]]),
        ("bit", [b64(b"\x01")], [[1]]),
    ],
)
def test_values(
    ranked: Elasticsearch, index: str, made: Any, element_type: str, value: Any, read: Any
) -> None:
    made(dims=8, element_type=element_type)
    put(ranked, index, "1", value)
    assert shown(ranked, index, "1") == read
    values: dict[str, Any] = {"fields": read, "docvalue_fields": [read]}
    for how, expected in values.items():
        (hit,) = ranked.search(index=f"{index}-*", body={how: ["v"]})["hits"]["hits"]
        assert hit["fields"]["v"] == expected
    # Left out of _source unless it is asked for.
    assert hit["_source"] == {}


@pytest.mark.parametrize(
    ("element_type", "value"),
    [
        ("float", b64(FLOATS)),
        ("float", [0.5] * 8),
        ("float", [[0.5] * 7]),
        ("float", [FLOATS.hex()]),
        ("float", [b64(FLOATS * 2)]),
        ("float", [b64(struct.pack(">8f", *[float("nan")] * 8))]),
        ("byte", [[0.5] * 8]),
        ("byte", [[128] * 8]),
        ("byte", [b64(bytes(7))]),
        ("bit", [[1] * 8]),
        ("bit", ["0102"]),
        ("bit", "ff"),
    ],
)
def test_values_that_are_none(
    ranked: Elasticsearch, index: str, made: Any, element_type: str, value: Any
) -> None:
    made(dims=8, element_type=element_type)
    told = refusal(lambda: put(ranked, index, "1", value))
    assert told.startswith("400: failed to parse field [v] of type [rank_vectors]")
    lines: list[Any] = [{"index": {"_id": "1"}}, {"v": value}, {"index": {"_id": "2"}}, {"w": 1}]
    answer = ranked.bulk(index=f"{index}-000001", operations=lines)
    assert answer["errors"]
    assert [item["index"]["status"] for item in answer["items"]] == [400, 201]


def scored(query: Any, function: str = "maxSimDotProduct", matching: Any = None) -> dict[str, Any]:
    params = {"query": query, "factor": 1.0, "summand": 0.0}
    script = {"source": SOURCE.format(function), "params": params}
    exists = {"exists": {"field": "v"}}
    return {"script_score": {"query": matching or exists, "script": script}}


def search(
    ranked: Elasticsearch, index: str, query: dict[str, Any], **more: Any
) -> dict[str, float]:
    found = ranked.search(index=f"{index}-000001", query=query, **more)
    return {hit["_id"]: hit["_score"] for hit in found["hits"]["hits"]}


def test_scores(ranked: Elasticsearch, index: str, made: Any) -> None:
    made(dims=8)
    put(ranked, index, "near", [[1.0] * 8, [0.5] * 8])
    put(ranked, index, "far", [[-1.0] * 8])
    put(ranked, index, "without", None)
    found = search(ranked, index, scored([[0.25] * 8, [0.125] * 8]))
    assert found == {"near": 1 + 2.0 + 1.0, "far": 0.0}
    wrong: list[Any] = [[["00" * 8]], [[1.0] * 7], [], [[1.0] * 8, [1.0]], ["00" * 32]]
    for query in wrong:
        assert "400" in refusal(lambda q=query: search(ranked, index, scored(q)))


def test_scores_of_bits(ranked: Elasticsearch, index: str, made: Any) -> None:
    made(dims=8, element_type="bit")
    put(ranked, index, "1", ["c0", "01"])
    assert search(ranked, index, scored([[0.5, 0.25, 0, 0, 0, 0, 0, 0]])) == {"1": 1.75}
    assert search(ranked, index, scored([[-64]])) == {"1": 3.0}
    assert search(ranked, index, scored([[-64]], "maxSimInvHamming")) == {"1": 2.0}
    assert search(ranked, index, scored(["01"], "maxSimInvHamming")) == {"1": 2.0}
    assert "hexadecimal" in refusal(lambda: search(ranked, index, scored(["01"])))


def test_a_document_without_the_field_fails_the_search(
    ranked: Elasticsearch, index: str, made: Any
) -> None:
    made(dims=8)
    put(ranked, index, "1", [[1.0] * 8])
    put(ranked, index, "2", None)
    told = refusal(lambda: search(ranked, index, scored([[1.0] * 8], matching={"match_all": {}})))
    assert "A document doesn't have a value for a multi-vector field!" in told


def test_an_empty_value_is_accepted_and_matches_exists(
    ranked: Elasticsearch, index: str, made: Any
) -> None:
    made(dims=8)
    put(ranked, index, "1", [])
    assert search(ranked, index, {"exists": {"field": "v"}}) == {"1": 1.0}


def test_another_script_is_none(ranked: Elasticsearch, index: str, made: Any) -> None:
    made(dims=8)
    query = scored([[1.0] * 8])
    query["script_score"]["script"]["source"] = "maxSimDotProduct(params.query, 'v')"
    assert "no such script" in refusal(lambda: search(ranked, index, query))


def test_a_window(ranked: Elasticsearch, index: str, made: Any) -> None:
    """Documents that the rescore query does not match, and those below the window, get 0."""
    made(dims=8)
    for ident, value in (("a", [[1.0] * 8]), ("b", None), ("c", [[2.0] * 8]), ("d", [[9.0] * 8])):
        put(ranked, index, ident, value)
    rescore = {
        "window_size": 3,
        "query": {
            "rescore_query": scored([[1.0] * 8]),
            "query_weight": 0,
            "rescore_query_weight": 1,
        },
    }
    expected = {"c": 17.0, "a": 9.0, "b": 0.0, "d": 0.0}
    found = search(ranked, index, {"match_all": {}}, rescore=rescore)
    assert found == expected
    assert [*found][:2] == ["c", "a"]
    everything: dict[str, Any] = {"standard": {"query": {"match_all": {}}}}
    retriever = {"rescorer": {"retriever": everything, "rescore": rescore}}
    answer = ranked.search(index=f"{index}-000001", retriever=retriever, size=3)
    assert {hit["_id"]: hit["_score"] for hit in answer["hits"]["hits"]} == {
        ident: pytest.approx(expected[ident]) for ident in "cab"
    }


def ranking(*idents: str) -> dict[str, Any]:
    """A retriever that finds documents in an order."""
    each = [
        {"constant_score": {"filter": {"ids": {"values": [ident]}}, "boost": 9 - place}}
        for place, ident in enumerate(idents)
    ]
    return {"standard": {"query": {"bool": {"should": each}}}}


def test_reciprocal_rank_fusion(ranked: Elasticsearch, index: str, made: Any) -> None:
    made(dims=8)
    for ident in "abc":
        ranked.index(index=f"{index}-000001", id=ident, document={"t": ident}, refresh=True)
    rrf: dict[str, Any] = {"retrievers": [ranking("a", "b"), ranking("c", "a")]}
    found = ranked.search(index=f"{index}-000001", retriever={"rrf": rrf})["hits"]["hits"]
    assert [hit["_id"] for hit in found] == ["a", "c", "b"]
    np.testing.assert_allclose(
        [hit["_score"] for hit in found], [1 / 61 + 1 / 62, 1 / 61, 1 / 62], rtol=1e-6
    )
    wrong = ({**rrf, "k": 1}, {**rrf, "rank_window_size": 9})
    for told in wrong:
        assert "rrf" in refusal(
            lambda t=told: ranked.search(index=f"{index}-000001", retriever={"rrf": t})
        )


def test_no_licence(double: RankVectorsDouble, ranked: Elasticsearch, made: Any) -> None:
    double.licence = "basic"
    assert ranked.license.get()["license"]["type"] == "basic"
    with pytest.raises(BadRequestError) as refused:
        made(dims=8)
    assert refused.value.error == "mapper_parsing_exception"
    assert "current license is non-compliant for [Rank Vectors]" in reason(refused.value)


def test_a_licence_that_lapsed(
    double: RankVectorsDouble, ranked: Elasticsearch, index: str, made: Any
) -> None:
    made(dims=8)
    name = f"{index}-000001"
    put(ranked, index, "1", [[1.0] * 8])
    double.licence = "lapsed"
    told = ranked.license.get()["license"]
    assert (told["type"], told["status"]) == ("trial", "expired")
    refused = "non-compliant for [Rank Vectors]"
    assert refused in (told := refusal(lambda: search(ranked, index, scored([[1.0] * 8]))))
    assert told.startswith("403")
    everything: dict[str, Any] = {"match_all": {}}
    told = refusal(lambda: search(ranked, index, everything, docvalue_fields=[{"field": "v"}]))
    assert told.startswith("403")
    assert refused in refusal(lambda: put(ranked, index, "2", [[1.0] * 8]))
    for change in (
        lambda: ranked.indices.put_mapping(index=name, meta={"a": 1}),
        lambda: ranked.indices.put_settings(index=name, settings={"index.refresh_interval": "9s"}),
    ):
        assert refusal(change).startswith("400")
    assert search(ranked, index, everything) == {"1": 1.0}
    assert shown(ranked, index, "1") == [[1.0] * 8]
    put(ranked, index, "3", None)
    ranked.delete(index=name, id="3")


@pytest.mark.parametrize("licence", ["enterprise", "lapsed"])
def test_documents_that_go_nowhere(
    double: RankVectorsDouble, ranked: Elasticsearch, index: str, licence: Licence
) -> None:
    """Each of them has an answer of its own, where its field is refused too."""
    double.licence = licence
    mappings = {"v": {"type": "rank_vectors", "dims": 8}, "w": {"type": "keyword"}}
    answer = ranked.perform_request(
        "POST",
        "/_ingest/_simulate",
        headers={"accept": "application/json", "content-type": "application/json"},
        body={
            "docs": [
                {"_index": f"{index}-{field}", "_id": "1", "_source": {field: value}}
                for field, value in (("v", [[1] * 8]), ("v", [[1]]), ("w", "x"))
            ],
            "index_template_substitutions": {
                f"{index}-{field}": {
                    "index_patterns": [f"{index}-{field}"],
                    "template": {"mappings": {"properties": {field: mapping}}},
                }
                for field, mapping in mappings.items()
            },
        },
    )
    refused = ["error" in each["doc"] for each in answer["docs"]]
    assert refused == [licence == "lapsed", True, False]


def test_several_searches_at_once(ranked: Elasticsearch, index: str, made: Any) -> None:
    made(dims=8)
    put(ranked, index, "1", [[1.0] * 8])
    searches: list[Any] = [{}, {"query": scored([[1.0] * 8])}, {}, {"query": scored([[1.0]])}]
    found, refused = ranked.msearch(index=f"{index}-000001", searches=searches)["responses"]
    assert [hit["_score"] for hit in found["hits"]["hits"]] == [9.0]
    assert (found["status"], refused["status"]) == (200, 400)
