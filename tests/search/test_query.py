import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.dense import dense_profiles
from es_jina.elastic.vectors import dense_base64
from es_jina.profile import IndexProfile, MultiVectorProfile
from es_jina.search import query as bodies


def profile(store: Any = "binary", element_type: Any = "bit") -> IndexProfile:
    multi = MultiVectorProfile(store, element_type, dims=8) if store else None
    return IndexProfile("model", None, dense_profiles(128, 256), multi, 1000)


def asked_words(query: str) -> str:
    asked: str = bodies.words(query, 3)["query"]["multi_match"]["query"]
    return asked


def test_words_ask_for_no_vectors() -> None:
    body = bodies.words("brown fox", 3)
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
    knn = bodies.nearest(vector, profile(), 70, base64_allowed=True)["knn"]
    assert knn["field"] == "embedding_256"
    assert (knn["k"], knn["num_candidates"]) == (70, 140)
    assert knn["query_vector"] == dense_base64(head)
    listed = bodies.nearest(vector, profile(), 7, base64_allowed=False)["knn"]
    np.testing.assert_allclose(listed["query_vector"], head, rtol=1e-6)
    assert listed["num_candidates"] == 100


def test_packed_multi_vectors_come_from_doc_values_alone() -> None:
    assert bodies.packed_multi_vectors(["a", "b"]) == {
        "size": 2,
        "_source": False,
        "docvalue_fields": ["multi_vector"],
        "query": {"ids": {"values": ["a", "b"]}},
    }


@pytest.mark.parametrize("element_type", ["float", "bfloat16", "byte", "bit"])
def test_rank_vectors_are_scored_where_they_exist_and_never_below_0(element_type: Any) -> None:
    query = np.eye(8, dtype=np.float32)[:2]
    body = bodies.rank_vectors_scores(["a", "b"], query, profile("rank_vectors", element_type))
    assert body["size"] == 2
    assert body["_source"] is False
    score = body["query"]["script_score"]
    # A document without the field would fail the whole request.
    assert score["query"]["bool"]["filter"] == [
        {"ids": {"values": ["a", "b"]}},
        {"exists": {"field": "multi_vector"}},
    ]
    script = score["script"]
    assert script["source"].startswith(
        "Math.max(0.0, maxSimDotProduct(params.query, 'multi_vector')"
    )
    assert set(re.findall(r"params\.(\w+)", script["source"])) == set(script["params"])
    whole = element_type == "byte"
    assert script["params"]["query"][0][:2] == [127 if whole else 1, 0]
    # Two perfect matches: 127 * 127 each for bytes, 1 each for the others.
    best = 2 * (127**2 if whole else 1) * script["params"]["factor"] + script["params"]["summand"]
    if element_type != "bit":
        assert bodies.rank_vectors_score(best + 1) == pytest.approx(1)


def test_rank_vectors_need_a_profile_that_has_them() -> None:
    with pytest.raises(ValueError, match="no multi-vectors"):
        bodies.rank_vectors_scores(["a"], np.eye(8, dtype=np.float32), profile(store=None))
