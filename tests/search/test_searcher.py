import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.bulk import Action
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.cbor import search_in_cbor
from es_jina.elastic.setup import set_up
from es_jina.errors import ClusterError, ProfileMismatchError, RequestError
from es_jina.inputs import Image, Task, Text
from es_jina.profile import IndexProfile, MultiVectorProfile
from es_jina.providers.local import LocalProvider
from es_jina.search.maxsim import maxsim
from es_jina.search.request import MODES, Mode
from es_jina.search.searcher import Searcher
from tests.search.corpus import TEXTS, Build, document, embed, teal


def expected_maxsim(provider: LocalProvider, documents: Any, query: str) -> dict[str, float]:
    (asked,) = embed(provider, [Text(query)], Task.RETRIEVAL_QUERY)
    assert asked.multi is not None
    scores = maxsim(asked.multi, [vectors.multi for _, _, _, vectors in documents])
    return {told[0]: float(score) for told, score in zip(documents, scores, strict=True)}


def test_text_mode(build: Build) -> None:
    results = build().search(Text("brown fox"), "text")
    (hit,) = results.hits
    assert (hit.id, hit.title, hit.kind, hit.uri) == ("fox", "About fox", "text", "file:///fox")
    assert hit.snippet == TEXTS["fox"]
    assert hit.score > 0
    assert not results.reranked


@pytest.mark.parametrize("mode", MODES)
def test_filters_hold_in_every_mode(build: Build, mode: Mode) -> None:
    searcher = build()
    texts = [{"term": {"kind": "text"}}]
    found = searcher.search(Text("brown fox"), mode, filters=texts).hits
    assert {hit.kind for hit in found} == {"text"}
    both = [*texts, {"term": {"source.uri": "file:///sun"}}]
    hits = searcher.search(Text("sun"), mode, filters=both).hits
    assert [hit.id for hit in hits] == ["sun"]
    assert searcher.search(Text("fox"), mode, filters=[{"term": {"kind": "page"}}]).hits == []
    if mode != "text":
        images = [{"term": {"kind": "image"}}]
        assert [hit.id for hit in searcher.search(Text("fox"), mode, filters=images).hits] == [
            "teal"
        ]


def test_a_filter_that_is_no_query_is_named(build: Build) -> None:
    with pytest.raises(ClusterError, match=r"400.*nonsense"):
        build().search(Text("fox"), "text", filters=[{"nonsense": {}}])


def test_a_title_counts_as_words(build: Build) -> None:
    (hit,) = build().search(Text("teal"), "text").hits
    assert (hit.id, hit.snippet) == ("teal", "")


def test_the_snippet_is_the_passage_that_matches(build: Build) -> None:
    (hit,) = build().search(Text("Sonne Strom"), "text").hits
    assert "Strom aus der Sonne" in hit.snippet
    assert len(hit.snippet) <= 170
    assert "<" not in hit.snippet


def test_the_snippet_of_a_vector_hit_is_the_beginning(build: Build) -> None:
    hits = {hit.id: hit for hit in build().search(Text("anything"), "dense").hits}
    assert hits["sun"].snippet.startswith("Power from the sun. Power")
    assert 140 <= len(hits["sun"].snippet) <= 160
    assert hits["sun"].snippet.endswith("…")
    assert hits["fox"].snippet == TEXTS["fox"]


def test_dense_mode_orders_by_cosine(build: Build, provider: LocalProvider, documents: Any) -> None:
    query = TEXTS["fox"]
    (asked,) = embed(provider, [Text(query)], Task.RETRIEVAL_QUERY)
    assert asked.single is not None
    cosines = {ident: float(v.single @ asked.single) for ident, _, _, v in documents}
    hits = build().search(Text(query), "dense").hits
    assert [hit.id for hit in hits] == sorted(cosines, key=lambda ident: -cosines[ident])
    for hit in hits:
        # int8_hnsw: the index knows the vectors to 8 bits.
        assert hit.score == pytest.approx((1 + cosines[hit.id]) / 2, abs=0.01)


@pytest.mark.parametrize("element_type", ["float", "bfloat16", "byte", "bit"])
def test_late_mode_orders_by_maxsim(
    build: Build,
    provider: LocalProvider,
    documents: Any,
    profile: IndexProfile,
    element_type: Any,
) -> None:
    multi = MultiVectorProfile("binary", element_type)
    results = build(replace(profile, multi_vector=multi)).search(Text("brown fox"), "late")
    assert results.reranked
    scores = [hit.score for hit in results.hits]
    assert scores == sorted(scores, reverse=True)
    expected = expected_maxsim(provider, documents, "brown fox")
    assert {hit.id for hit in results.hits} == set(expected)
    if element_type == "bit":
        # Signs alone: the scale stays, the numbers do not.
        assert all(-1 <= score <= 1 for score in scores)
        return
    for hit in results.hits:
        assert hit.score == pytest.approx(expected[hit.id], abs=0.02)


def test_hybrid_mode_finds_by_words_what_is_ordered_by_maxsim(
    build: Build, provider: LocalProvider, documents: Any, profile: IndexProfile
) -> None:
    as_floats = replace(profile, multi_vector=MultiVectorProfile("binary", "float"))
    results = build(as_floats).search(Text("Strom aus der Sonne"))
    assert results.mode == "hybrid"
    assert results.reranked
    expected = expected_maxsim(provider, documents, "Strom aus der Sonne")
    assert [hit.id for hit in results.hits] == sorted(expected, key=lambda i: -expected[i])
    # Found by words too, so that the snippet shows them.
    (sun,) = [hit for hit in results.hits if hit.id == "sun"]
    assert "Strom aus der Sonne" in sun.snippet


def test_hybrid_mode_without_multi_vectors_is_fusion(build: Build, profile: IndexProfile) -> None:
    results = build(replace(profile, multi_vector=None)).search(Text("brown fox"))
    assert not results.reranked
    assert len(results.hits) == len(TEXTS) + 1
    # First by words and somewhere by vectors: the sum of two reciprocal ranks.
    assert results.hits[0].id == "fox"
    assert 1 / 61 < results.hits[0].score <= 2 / 61
    assert all(hit.score <= 1 / 61 for hit in results.hits[1:])


def test_late_mode_without_multi_vectors_is_refused(
    build: Build, profile: IndexProfile, index: str
) -> None:
    searcher = build(replace(profile, multi_vector=None))
    with pytest.raises(RequestError, match=f"'{index}' has no multi-vectors: use mode dense"):
        searcher.search(Text("fox"), "late")


@pytest.mark.parametrize("mode", ["dense", "late", "hybrid"])
def test_a_picture_finds_itself(build: Build, tmp_path: Path, mode: Any) -> None:
    results = build().search(Image(teal(tmp_path)), mode)
    assert results.hits[0].id == "teal"
    assert len(results.hits) == len(TEXTS) + 1


def test_a_picture_has_no_words(build: Build, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="an image has no words"):
        build().search(Image(teal(tmp_path)), "text")


@pytest.mark.parametrize("mode", ["late", "hybrid"])
def test_documents_without_a_multi_vector_come_last_and_are_not_lost(
    build: Build, mode: Any
) -> None:
    lacking = {"fox", "jp"}
    hits = build(without_multi=list(lacking)).search(Text(TEXTS["fox"]), mode).hits
    assert len(hits) == len(TEXTS) + 1
    assert {hit.id for hit in hits[-2:]} == lacking
    # Best first among themselves.
    assert hits[-2].id == "fox"


def test_documents_of_somebody_else_behind_the_alias_do_no_harm(build: Build) -> None:
    foreign = [
        Action("bare", {"text": "a brown bear"}),
        Action("empty", {}),
        Action("null", {"title": "brown null", "text": None, "source": {}}),
        Action("dense", {"embedding_256": [1.0] + [0.0] * 255}),
    ]
    searcher = build(more=foreign)
    words = {hit.id: hit for hit in searcher.search(Text("brown"), "text").hits}
    assert set(words) == {"fox", "bare", "null"}
    assert (words["bare"].uri, words["bare"].title) == ("", "")
    assert words["bare"].snippet == "a brown bear"
    for mode in ("dense", "late", "hybrid"):
        assert "dense" in [hit.id for hit in searcher.search(Text("brown"), mode).hits]


def test_one_huge_text_does_not_spoil_the_search(build: Build) -> None:
    """Beyond a million letters Elasticsearch refuses to highlight, and the whole search with it."""
    huge = Action("huge", {"title": "huge", "text": "brown " * 200_000})
    hits = build(more=[huge]).search(Text("brown"), "text").hits
    assert {hit.id for hit in hits} == {"fox", "huge"}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [1, 3])
def test_size(build: Build, mode: Any, size: int) -> None:
    results = build().search(Text("the brown café of the sun 日本語 teal"), mode, size)
    assert len(results.hits) == size


def test_more_hits_than_the_window_and_than_there_are(
    build: Build,
    client: Elasticsearch,
    documents: Any,
    profile: IndexProfile,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    as_floats = replace(profile, multi_vector=MultiVectorProfile("binary", "float"))
    copies = [
        Action(f"copy-{n}", document(documents[n % len(documents)], as_floats)) for n in range(70)
    ]
    searcher = build(as_floats, more=copies)
    fetched: list[int] = []
    search = search_in_cbor

    def spy(*arguments: Any, **options: Any) -> Any:
        answer = search(*arguments, **options)
        fetched.append(len(answer["hits"]["hits"]))
        return answer

    monkeypatch.setattr("es_jina.search.asking.search_in_cbor", spy)
    for mode in ("dense", "late", "hybrid"):
        few = searcher.search(Text("brown fox"), mode, 60).hits
        assert len({hit.id for hit in few}) == 60
        hits = searcher.search(Text("brown fox"), mode, 1000).hits
        assert len({hit.id for hit in hits}) == len(hits) == 75
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)
        # All of them have multi-vectors, and all are scored.
        assert 0 not in scores
    # Pages as floats are half a megabyte each: no answer holds more than a window of them.
    assert sum(fetched) == 2 * (60 + 75)
    assert max(fetched) == 50


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_index(
    client: Elasticsearch,
    capabilities: Capabilities,
    index: str,
    profile: IndexProfile,
    provider: LocalProvider,
    mode: Any,
) -> None:
    set_up(client, index, profile, capabilities)
    results = Searcher(client, index, profile, capabilities, provider).search(Text("fox"), mode)
    assert results.hits == []


@pytest.mark.parametrize("query", ["", " ", "\n\t\u3000"])
@pytest.mark.parametrize("mode", MODES)
def test_an_empty_query_is_refused(build: Build, query: str, mode: Any) -> None:
    with pytest.raises(RequestError, match="the query is empty"):
        build().search(Text(query), mode)


@pytest.mark.parametrize("size", [0, -1, 1001])
def test_a_size_that_is_none(build: Build, size: int) -> None:
    with pytest.raises(RequestError, match="1 to 1000"):
        build().search(Text("fox"), "text", size)


def test_a_mode_that_is_none(build: Build) -> None:
    unknown: Any = "Hybrid"
    with pytest.raises(RequestError, match=r"'Hybrid'.*choose from text, dense, late, hybrid"):
        build().search(Text("fox"), unknown)


def test_text_mode_needs_no_model(
    build: Build, client: Elasticsearch, capabilities: Capabilities, index: str
) -> None:
    built = build()
    plain = Searcher(client, index, built._profile, capabilities, None)
    assert [hit.id for hit in plain.search(Text("café"), "text").hits] == ["cafe"]
    with pytest.raises(RequestError, match="mode 'dense' needs a model"):
        plain.search(Text("café"), "dense")


def test_an_index_made_with_another_model(
    client: Elasticsearch,
    capabilities: Capabilities,
    index: str,
    profile: IndexProfile,
    provider: LocalProvider,
) -> None:
    other = replace(profile, model="other/model", revision="123")
    with pytest.raises(ProfileMismatchError, match=f"'{index}' was made with other/model") as told:
        Searcher(client, index, other, capabilities, provider)
    assert provider.model.name in str(told.value)


@pytest.mark.parametrize(
    "query",
    [
        '"',
        'it\'s "quoted" \\ and /slashed/',
        "!!! ... ???",
        "a AND OR NOT ( [ { ^ ~ * ? :",
        "日本語",
        "ελληνικά кириллица עברית العربية हिन्दी ไทย 한국어 👩‍👩‍👧‍👦",
        "zero \x00 byte \x1f and \ufeff mark",
        "{{mustache}} ${dollar} <b>markup</b>",
    ],
)
def test_queries_that_people_type(build: Build, query: str) -> None:
    searcher = build()
    for mode in MODES:
        results = searcher.search(Text(query), cast("Mode", mode))
        if mode != "text":
            assert len(results.hits) == len(TEXTS) + 1


@pytest.mark.parametrize(
    "query",
    [
        "文書" * 3000,
        "👩‍👩‍👧‍👦" * 1000,
        "fox " * 20_000,
        " ".join(f"word{n}" for n in range(9000)),
        "x" * 200_000,
        "a,b;c.d-" * 3000,
    ],
    ids=["ideographs", "emoji", "one word", "many words", "a long word", "punctuation"],
)
def test_queries_that_people_paste(build: Build, query: str) -> None:
    """As they are, Elasticsearch refuses them for their number of clauses."""
    found = {hit.id for hit in build().search(Text("brown " + query), "text").hits}
    assert "fox" in found


def test_a_query_in_a_broken_encoding_is_refused(build: Build) -> None:
    for mode in ("text", "hybrid"):
        with pytest.raises(RequestError, match="not valid UTF-8"):
            build().search(Text("caf\udce9"), mode)


def test_number_lists_find_the_same_as_base64(
    build: Build,
    client: Elasticsearch,
    capabilities: Capabilities,
    index: str,
    profile: IndexProfile,
    provider: LocalProvider,
) -> None:
    packed = build().search(Text("brown fox"), "dense").hits
    assert capabilities.base64_queries
    listing = replace(capabilities, base64_queries=False)
    listed = Searcher(client, index, profile, listing, provider)
    again = listed.search(Text("brown fox"), "dense").hits
    assert [(hit.id, hit.score) for hit in again] == [(hit.id, hit.score) for hit in packed]


def test_an_index_that_went_away(build: Build, client: Elasticsearch, index: str) -> None:
    searcher = build()
    client.indices.delete(index=f"{index}-000001")
    with pytest.raises(ClusterError, match=rf"searching '{index}': .*404: no such index"):
        searcher.search(Text("fox"), "text")


def test_results_become_plain_json(build: Build) -> None:
    told = json.loads(json.dumps(build().search(Text("brown fox")).to_json()))
    assert told["mode"] == "hybrid"
    assert [hit["rank"] for hit in told["hits"]] == [1, 2, 3, 4, 5]
    assert {"id", "score", "uri", "title", "kind", "page", "pages", "chunk", "snippet"} <= set(
        told["hits"][0]
    )
    assert told["embed_ms"] > 0
    assert told["search_ms"] > 0
