"""Paging, collapsing, coarse-to-fine, bits, explaining, and what is cached."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from es_jina.dense import DenseProfile
from es_jina.elastic.bulk import Action
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.vectors import pack
from es_jina.embedding import Embedding, cut
from es_jina.errors import ClusterError, ItemError, ProviderError, RequestError
from es_jina.inputs import Image, Task, Text
from es_jina.profile import IndexProfile, MultiVectorProfile
from es_jina.providers.local import LocalProvider
from es_jina.search.cache import QueryCache
from es_jina.search.request import MODES, Mode
from es_jina.search.searcher import Searcher
from tests.search.corpus import TEXTS, Build, document, embed, teal

ONE = [1.0] + [0.0] * 255
QUERY = Text("the quick brown fox and the sun")


@pytest.fixture
def copies(documents: Any, profile: IndexProfile) -> list[Action]:
    """Forty units of four sources, each with vectors of its own and ten units."""
    rng = np.random.default_rng(0)
    actions = []
    for number in range(40):
        fields = document(documents[number % 4], profile)
        vector = rng.standard_normal(256).astype(np.float32)
        fields["embedding_256"], fields["embedding_128"] = (
            cut(vector, dims).tolist() for dims in (256, 128)
        )
        fields["source"] = {"uri": f"file:///source-{number % 4}"}
        actions.append(Action(f"copy-{number:02}", fields))
    return actions


@pytest.mark.parametrize("mode", MODES)
def test_pages_of_one_window_are_parts_of_one_ranking(
    build: Build, copies: list[Action], mode: Mode
) -> None:
    searcher = build(more=copies)
    whole = searcher.search(QUERY, mode, 20, window=30)
    pages = [searcher.search(QUERY, mode, 5, offset=at, window=30) for at in range(0, 20, 5)]
    assert [hit.id for page in pages for hit in page.hits] == [hit.id for hit in whole.hits]
    assert [page.offset for page in pages] == [0, 5, 10, 15]
    ranks = [hit["rank"] for hit in pages[2].to_json()["hits"]]
    assert ranks == [11, 12, 13, 14, 15]
    if mode == "text":
        assert [hit.stages["words"].rank for hit in pages[2].hits] == ranks


@pytest.mark.parametrize("mode", MODES)
def test_pages_lose_nothing_and_repeat_nothing(
    build: Build, copies: list[Action], mode: Mode
) -> None:
    """Though late interaction looks at the first of them alone."""
    searcher = build(more=copies)
    variants: list[dict[str, Any]] = [{}, {"explain": True}, {"collapse": True}]
    for options in variants:
        found = []
        for offset in range(0, 50, 10):
            page = searcher.search(QUERY, mode, 10, offset=offset, window=10, **options)
            found += page.hits
        whole = searcher.search(QUERY, mode, 50, **options).hits
        assert sorted(hit.uri for hit in found) == sorted(hit.uri for hit in whole)
        assert len({hit.id for hit in found}) == len(found)
        if found[0].stages.get("late") and "collapse" not in options:
            # Where late interaction has not looked, it has no score.
            assert [hit.score != 0 for hit in found] == [True] * 10 + [False] * 35


@pytest.mark.parametrize("mode", MODES)
def test_behind_the_last_hit_there_is_nothing(build: Build, mode: Mode) -> None:
    assert build().search(QUERY, mode, offset=100).hits == []


@pytest.mark.parametrize("window", [5, 1000, 10_000])
def test_a_window_larger_than_the_index(build: Build, window: int) -> None:
    searcher = build()
    for mode in ("late", "hybrid"):
        found = searcher.search(QUERY, mode, 5, window=window).hits
        assert len(found) == len(TEXTS) + 1


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (
            {"window": 9},
            "window 9: to show 10 hits at once it must be at least 10",
        ),
        ({"window": 10_001}, "at most 10,000"),
        ({"mode": "dense", "bits": True}, "compares no multi-vectors: leave out --bits"),
        ({"mode": "text", "coarse": 128}, "looks at no vectors: leave out --coarse"),
        ({"offset": -1}, "from -1 on"),
        ({"offset": 9_999}, "Elasticsearch shows the first 10,000"),
        ({"coarse": 64}, r"coarse 64.*the index has 128, 256"),
        ({"coarse": 256}, r"coarse 256: it must be the dims of a smaller field"),
    ],
)
def test_numbers_that_cannot_be(build: Build, asked: dict[str, Any], named: str) -> None:
    with pytest.raises(RequestError, match=named):
        build().search(QUERY, **asked)


@pytest.mark.parametrize("mode", MODES)
def test_collapsing_shows_the_best_unit_of_each_source(
    build: Build, copies: list[Action], mode: Mode
) -> None:
    searcher = build(more=copies)
    found = searcher.search(QUERY, mode, 20, collapse=True, window=50).hits
    uris = [hit.uri for hit in found]
    assert len(set(uris)) == len(uris)
    assert {f"file:///source-{n}" for n in range(2)} <= set(uris)
    # Each of them scores as the first of its source among all units does.
    first: dict[str, float] = {}
    for hit in searcher.search(QUERY, mode, 50).hits:
        first.setdefault(hit.uri, hit.score)
    assert {hit.uri: hit.score for hit in found} == first


@pytest.mark.parametrize("mode", MODES)
def test_what_has_no_source_stands_for_itself(build: Build, mode: Mode) -> None:
    bare = [Action(f"bare-{n}", {"text": "brown", "embedding_256": ONE}) for n in range(3)]
    several = Action("several", {"text": "brown", "source": {"uri": ["a", "b"]}})
    found = build(more=[*bare, several]).search(Text("brown fox"), mode, collapse=True).hits
    assert {"bare-0", "bare-1", "bare-2", "fox"} <= {hit.id for hit in found}
    assert ("several" in {hit.id for hit in found}) == (mode in ("text", "hybrid"))


def test_late_interaction_chooses_the_unit_of_a_source(
    build: Build, provider: LocalProvider, documents: Any, profile: IndexProfile
) -> None:
    """Which another stage would not have shown."""
    fox, sun = (next(told for told in documents if told[0] == name) for name in ("fox", "sun"))
    # Near by its single vector; what is asked for by its multi-vector.
    near, right = document(fox, profile), document(fox, profile)
    near["multi_vector"] = document(sun, profile)["multi_vector"]
    right["embedding_256"] = document(sun, profile)["embedding_256"]
    for fields in (near, right):
        fields["source"] = {"uri": "file:///one"}
    searcher = build(more=[Action("near", near), Action("right", right)])
    found = searcher.search(Text(TEXTS["fox"]), "late", collapse=True).hits
    assert [hit.id for hit in found if hit.uri == "file:///one"] == ["right"]


def test_one_source_does_not_crowd_out_the_others(
    build: Build, provider: LocalProvider, documents: Any, profile: IndexProfile
) -> None:
    fox = next(told for told in documents if told[0] == "fox")
    crowd = [Action(f"fox-{n}", document(fox, profile)) for n in range(60)]
    searcher = build(more=crowd)
    alone = searcher.search(Text(TEXTS["fox"]), "dense", 3).hits
    assert {hit.uri for hit in alone} == {"file:///fox"}
    hits = searcher.search(Text(TEXTS["fox"]), "dense", 3, collapse=True, window=20).hits
    assert len({hit.uri for hit in hits}) == 3


@pytest.mark.parametrize("mode", ["dense", "late", "hybrid"])
def test_coarse_candidates_are_ordered_by_the_largest_field(build: Build, mode: Mode) -> None:
    searcher = build()
    fine = searcher.search(QUERY, mode)
    coarse = searcher.search(QUERY, mode, coarse=128)
    assert [hit.id for hit in coarse.hits] == [hit.id for hit in fine.hits]
    for hit, other in zip(coarse.hits, fine.hits, strict=True):
        assert hit.score == pytest.approx(other.score, abs=1e-5)
    fields = [sent.body.get("knn", {}).get("field") for sent in coarse.requests]
    assert [field for field in fields if field] == ["embedding_128", "embedding_256"]


def test_coarse_candidates_keep_to_the_filters(build: Build) -> None:
    images = [{"term": {"kind": "image"}}]
    found = build().search(QUERY, "hybrid", filters=images, coarse=128).hits
    assert [hit.id for hit in found] == ["teal"]
    nothing = [{"term": {"kind": "page"}}]
    assert build().search(QUERY, "dense", filters=nothing, coarse=128).hits == []


def test_signs_with_signs(
    build: Build, provider: LocalProvider, documents: Any, profile: IndexProfile
) -> None:
    hits = build().search(QUERY, "late", bits=True).hits
    (asked,) = embed(provider, [QUERY], Task.RETRIEVAL_QUERY)
    assert asked.multi is not None
    signs = np.where(asked.multi > 0, 1, -1)
    expected = {
        told[0]: (signs @ np.where(told[3].multi > 0, 1, -1).T).max(axis=1).mean() / signs.shape[1]
        for told in documents
    }
    assert {hit.id: hit.score for hit in hits} == pytest.approx(expected, abs=1e-6)
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)


def test_signs_need_bits(build: Build, profile: IndexProfile) -> None:
    as_bytes = replace(profile, multi_vector=MultiVectorProfile("binary", "byte"))
    with pytest.raises(RequestError, match=r"has multi-vectors as binary byte: leave out --bits"):
        build(as_bytes).search(QUERY, "late", bits=True)
    searcher = build(as_bytes)
    searcher.search(QUERY, "late")


@pytest.mark.parametrize("mode", MODES)
def test_explaining_changes_nothing_but_what_is_said(build: Build, mode: Mode) -> None:
    searcher = build()
    plain = searcher.search(QUERY, mode)
    told = searcher.search(QUERY, mode, explain=True)
    assert [(hit.id, hit.score) for hit in told.hits] == [(hit.id, hit.score) for hit in plain.hits]
    expected = {
        "text": ["words"],
        "dense": ["nearest"],
        "late": ["nearest", "late"],
        "hybrid": ["words", "nearest", "fused", "late"],
    }[mode]
    assert [stage.name for stage in told.stages if stage.name != "embed"] == expected
    last = expected[-1]
    for rank, hit in enumerate(told.hits, start=1):
        assert set(hit.stages) <= set(expected)
        assert hit.stages[last].rank == rank
        assert hit.stages[last].score == hit.score
    if mode == "hybrid":
        fox = next(hit for hit in told.hits if hit.id == "fox")
        parts = [1 / (60 + fox.stages[name].rank) for name in ("words", "nearest")]
        assert fox.stages["fused"].score == pytest.approx(sum(parts))


def test_what_matches_is_marked_in_the_snippet(build: Build) -> None:
    (hit,) = [hit for hit in build().search(Text("brown dog"), "hybrid").hits if hit.id == "fox"]
    assert [hit.snippet[first:end] for first, end in hit.highlights] == ["brown", "dog"]
    (sun,) = build().search(Text("Sonne Strom"), "text").hits
    assert {sun.snippet[first:end] for first, end in sun.highlights} == {"Sonne", "Strom"}
    (teal_hit,) = build().search(Text("teal"), "text").hits
    assert teal_hit.highlights == ()


def test_what_was_sent_can_be_sent_again(build: Build, client: Elasticsearch, index: str) -> None:
    results = build().search(QUERY, "hybrid")
    stages = [sent.stage for sent in results.requests]
    assert stages == ["words", "nearest", "late"]
    for sent in results.requests:
        assert sent.path == f"/{index}/_search"
        again = client.search(index=index, body=sent.body)
        assert again["hits"]["hits"]
    assert "requests" not in results.to_json()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the model is asked for from here on."""
    asked: list[Any] = []
    embedding = LocalProvider.embed

    def counted(self: LocalProvider, inputs: Any, *rest: Any, **options: Any) -> Any:
        asked.append(inputs)
        return embedding(self, inputs, *rest, **options)

    monkeypatch.setattr(LocalProvider, "embed", counted)
    return asked


def test_a_query_is_embedded_once(build: Build, tmp_path: Path, calls: list[Any]) -> None:
    searcher = build()
    calls.clear()
    first, again = searcher.search(QUERY), searcher.search(QUERY)
    assert len(calls) == 1
    assert [hit.score for hit in first.hits] == [hit.score for hit in again.hits]
    # Other vectors of the same query, and other queries.
    searcher.search(QUERY, "dense")
    searcher.search(Text("another"))
    assert len(calls) == 3
    picture = teal(tmp_path)
    searcher.search(Image(picture))
    searcher.search(Image(picture.read_bytes()))
    assert len(calls) == 4
    # The same file with another picture in it.
    picture.write_bytes(picture.read_bytes()[:-4] + b"\0\0\0\0")
    searcher.search(Image(picture))
    assert len(calls) == 5


def test_searchers_may_share_a_cache(
    build: Build,
    client: Elasticsearch,
    capabilities: Capabilities,
    index: str,
    profile: IndexProfile,
    provider: LocalProvider,
    calls: list[Any],
) -> None:
    build()
    calls.clear()
    cache = QueryCache(size=1)
    for _ in range(2):
        Searcher(client, index, profile, capabilities, provider, cache=cache).search(QUERY)
    assert len(calls) == 1
    searcher = Searcher(client, index, profile, capabilities, provider, cache=cache)
    searcher.search(Text("pushes the other one out"))
    searcher.search(QUERY)
    assert len(calls) == 3


def test_a_filter_that_is_no_query_is_named_in_hybrid_mode_too(build: Build) -> None:
    with pytest.raises(ClusterError, match=r"400.*nonsense"):
        build().search(QUERY, filters=[{"nonsense": {}}])


@pytest.mark.parametrize("element_type", ["bfloat16", "byte", "bit"])
def test_dense_fields_of_every_element_type_are_searched(
    build: Build, profile: IndexProfile, element_type: Any
) -> None:
    dense = (profile.dense[0], DenseProfile.of(256, None, element_type))
    searcher = build(replace(profile, dense=dense))
    hits = searcher.search(Text(TEXTS["fox"]), "dense").hits
    assert hits[0].id == "fox"
    assert len(hits) == len(TEXTS) + 1


@pytest.mark.parametrize("mode", ["late", "hybrid"])
@pytest.mark.parametrize("value", ["AAAA", "", "AAAAAAAAAAAAAAAAAAAAAAA="])
def test_a_multi_vector_that_is_none_spoils_nothing(build: Build, mode: Mode, value: str) -> None:
    broken = Action("broken", {"text": "brown fox", "multi_vector": value, "embedding_256": ONE})
    hits = build(more=[broken]).search(Text(TEXTS["fox"]), mode).hits
    assert len(hits) == len(TEXTS) + 2
    assert (hits[-1].id, hits[-1].score) == ("broken", 0.0)


def test_numbers_that_are_none_are_no_score(build: Build, profile: IndexProfile) -> None:
    as_floats = replace(profile, multi_vector=MultiVectorProfile("binary", "float"))
    value = pack(np.full((2, 128), np.nan, np.float32), "float")
    broken = Action("broken", {"multi_vector": value, "embedding_256": ONE})
    hits = build(as_floats, more=[broken]).search(Text(TEXTS["fox"]), "late").hits
    assert (hits[-1].id, hits[-1].score) == ("broken", 0.0)


@pytest.mark.parametrize("coarse", [None, 128])
def test_dense_pages_of_one_window_are_parts_of_one_ranking(
    build: Build, profile: IndexProfile, coarse: int | None
) -> None:
    """Quantised vectors are compared again in a wider circle: how wide must not vary."""
    dense = (profile.dense[0], DenseProfile.of(256, "bbq_hnsw"))
    quantised = replace(profile, dense=dense)
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((400, 256)).astype(np.float32)
    more = [
        Action(f"{n:03}", {f"embedding_{d}": cut(vector, d).tolist() for d in (128, 256)})
        for n, vector in enumerate(vectors)
    ]
    searcher = build(quantised, more=more)
    whole = searcher.search(QUERY, "dense", 50, coarse=coarse)
    pages = [searcher.search(QUERY, "dense", offset=at, window=50, coarse=coarse) for at in (0, 40)]
    assert [hit.id for hit in pages[0].hits] == [hit.id for hit in whole.hits[:10]]
    assert [hit.id for hit in pages[1].hits] == [hit.id for hit in whole.hits[40:]]
    behind = [searcher.search(QUERY, "dense", 50, offset=at, coarse=coarse) for at in (50, 100)]
    assert len({hit.id for page in [whole, *behind] for hit in page.hits}) == 150


def test_a_query_that_is_none_is_named(build: Build) -> None:
    wrong: Any = "a str"
    with pytest.raises(RequestError, match="the query is a str: give a Text or an Image"):
        build().search(wrong)
    alone: Any = {"term": {"kind": "page"}}
    with pytest.raises(RequestError, match="filters are a list of queries"):
        build().search(QUERY, filters=alone)


@pytest.mark.parametrize("mode", ["dense", "late"])
def test_a_model_that_answers_nonsense_is_named(
    build: Build, monkeypatch: pytest.MonkeyPatch, mode: Mode
) -> None:
    searcher = build()
    ones = np.ones((2, 128), np.float32)

    def answers(single: Any, multi: Any) -> None:
        answer = [Embedding(single, multi, 3)]
        monkeypatch.setattr(LocalProvider, "embed", lambda *_, **__: answer)

    answers(np.full(256, np.nan, np.float32), ones)
    with pytest.raises(ItemError, match="vectors that are none"):
        searcher.search(Text("nan"), mode)
    answers(np.zeros(256, np.float32), ones)
    with pytest.raises(ItemError, match="single vector of zeros"):
        searcher.search(Text("zeros"), mode)
    answers(np.ones(100, np.float32), ones)
    with pytest.raises(ProviderError, match="the index holds 256 dims"):
        searcher.search(Text("short"), mode)
    if mode == "late":
        answers(np.ones(256, np.float32), np.ones((2, 64), np.float32))
        with pytest.raises(ProviderError, match="the index holds 128 dims"):
            searcher.search(Text("narrow"), mode)
