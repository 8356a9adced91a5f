import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.dense import DenseProfile, dense_profiles
from es_jina.elastic.vectors import dense_base64
from es_jina.languages import Language
from es_jina.profile import IndexProfile, MultiVectorProfile
from es_jina.search import query as bodies

VECTOR = np.arange(1, 513, dtype=np.float32)
FIELD = DenseProfile.of(256)


def profile(store: Any = "binary", element_type: Any = "bit") -> IndexProfile:
    multi = MultiVectorProfile(store, element_type, dims=8) if store else None
    return IndexProfile("model", None, dense_profiles(128, 256), multi, 1000)


def asked_words(query: str) -> str:
    asked: str = bodies.words(query, profile(), 3)["query"]["multi_match"]["query"]
    return asked


def test_words_ask_for_no_vectors() -> None:
    body = bodies.words("brown fox", profile(), 3)
    assert body["size"] == 3
    assert asked_words("brown fox") == "brown fox"
    assert not any("embedding" in field or "multi" in field for field in body["_source"])


@given(st.text(max_size=200))
def test_a_query_of_ordinary_length_loses_no_word(query: str) -> None:
    assert asked_words(query).split() == query.split()


@given(st.sampled_from(["word ", "語", "👍", "a,", "x" * 255]), st.integers(501, 3000))
def test_a_long_query_is_cut_to_what_every_cluster_takes(word: str, times: int) -> None:
    kept = asked_words(word * times)
    assert word * times != kept
    assert (word * times).startswith(kept)
    # The words between separators, letter by letter where a script has none.
    assert 250 <= len(re.findall(r"[a-wyz]+|x{1,255}|語|👍", kept)) <= 500


def test_nearest_asks_the_largest_field_for_a_cut_unit_vector() -> None:
    vector = np.arange(1, 513, dtype=np.float32)
    head = vector[:256] / np.linalg.norm(vector[:256])
    knn = bodies.nearest(vector, DenseProfile.of(256), 70, base64_allowed=True)["knn"]
    assert knn["field"] == "embedding_256"
    assert (knn["k"], knn["num_candidates"]) == (70, 140)
    assert knn["query_vector"] == dense_base64(head)
    listed = bodies.nearest(vector, DenseProfile.of(256), 7, base64_allowed=False)["knn"]
    np.testing.assert_allclose(listed["query_vector"], head, rtol=1e-6)
    assert listed["num_candidates"] == 100


def test_packed_multi_vectors_come_from_doc_values_alone() -> None:
    assert bodies.packed_multi_vectors(["a", "b"]) == {
        "size": 2,
        "_source": False,
        "docvalue_fields": ["multi_vector"],
        "query": {"ids": {"values": ["a", "b"]}},
    }


def test_rank_vectors_are_scored_where_they_exist() -> None:
    query = np.eye(8, dtype=np.float32)[:2]
    multi = MultiVectorProfile("rank_vectors", "byte", dims=8)
    body = bodies.rank_vectors_scores(["a", "b"], query, multi)
    assert body["size"] == 2
    assert body["_source"] is False
    # A document without the field would fail the whole request.
    assert body["query"]["script_score"]["query"]["bool"]["filter"] == [
        {"ids": {"values": ["a", "b"]}},
        {"exists": {"field": "multi_vector"}},
    ]


def test_filters_hold_in_both_rankings_that_elasticsearch_fuses() -> None:
    pages = {"term": {"kind": "page"}}
    near = bodies.nearest(VECTOR, FIELD, 70, [pages], base64_allowed=True)
    body = bodies.fused("brown fox", near, profile(), [pages])
    rrf = body["retriever"]["rrf"]
    words, nearest = rrf["retrievers"]
    assert words["standard"]["query"]["bool"]["filter"] == [pages]
    assert nearest["knn"] == near["knn"]
    assert nearest["knn"]["filter"] == [pages]
    assert (rrf["rank_window_size"], rrf["rank_constant"], body["size"]) == (70, 60, 70)


@pytest.mark.parametrize("fused", [True, False])
def test_rescoring_covers_all_that_is_asked_for(fused: bool) -> None:
    near = bodies.nearest(VECTOR, FIELD, 70, base64_allowed=True)
    first = bodies.fused("brown fox", near, profile()) if fused else near
    multi = MultiVectorProfile("rank_vectors", "bit", dims=8)
    body = bodies.rescored(first, np.eye(8, dtype=np.float32)[:2], multi)
    assert "knn" not in body
    rescorer = body["retriever"]["rescorer"]
    assert rescorer["retriever"] == (first["retriever"] if fused else {"knn": near["knn"]})
    # What lies below the window loses its score.
    assert rescorer["rescore"]["window_size"] == body["size"] == 70
    told = rescorer["rescore"]["query"]
    exists = {"exists": {"field": "multi_vector"}}
    assert told["rescore_query"]["script_score"]["query"] == {"bool": {"filter": [exists]}}
    # Neither the first score (at most 1) nor its sum is to be seen beside 1 + MaxSim.
    assert np.float32(1.5) + np.float32(told["query_weight"]) == np.float32(1.5)
    assert told["query_weight"] > 0
    assert told["rescore_query_weight"] == 1


def test_a_coarse_look_is_wide_and_a_fine_one_compares_each() -> None:
    wide = bodies.coarse(VECTOR, DenseProfile.of(128), 50, base64_allowed=True)
    assert (wide["knn"]["field"], wide["knn"]["k"], wide["size"]) == ("embedding_128", 200, 200)
    assert wide["_source"] is False
    ids = [str(number) for number in range(200)]
    narrow = bodies.fine(VECTOR, FIELD, 50, ids, base64_allowed=True)
    assert (narrow["knn"]["field"], narrow["size"]) == ("embedding_256", 50)
    # With a filter that leaves no more than k, Elasticsearch does not walk the graph.
    assert narrow["knn"]["k"] == 200
    assert narrow["knn"]["filter"] == [{"ids": {"values": ids}}]


@given(st.integers(1, 10_000))
def test_no_number_goes_beyond_what_elasticsearch_takes(size: int) -> None:
    for body in (
        bodies.nearest(VECTOR, FIELD, size, base64_allowed=True),
        bodies.coarse(VECTOR, FIELD, size, base64_allowed=True),
    ):
        assert size <= body["knn"]["k"] <= body["knn"]["num_candidates"] <= 10_000


@given(st.integers(1, 10_000))
def test_more_units_are_looked_at_where_each_source_counts_once(window: int) -> None:
    assert window <= bodies.units_of_sources(window) <= 10_000
    assert bodies.units_of_sources(50) == 250


def test_a_page_of_words() -> None:
    assert bodies.words("fox", profile(), 3, offset=20)["from"] == 20
    assert "from" not in bodies.words("fox", profile(), 3)


def test_a_question_is_looked_for_by_its_stems_and_a_pasted_page_is_not() -> None:
    languages = tuple(Language(code, "simple") for code in ("de", "en", "fr"))
    many = replace(profile(), languages=languages)
    asked = bodies.words("word " * 100, many, 3)["query"]["multi_match"]
    assert asked["fields"] == many.word_fields
    assert len(asked["query"].split()) == 100
    pasted = bodies.words("word " * 3000, many, 3)["query"]["multi_match"]
    assert pasted["fields"] == ["title^2", "text"]
    assert len(pasted["query"].split()) == 500
