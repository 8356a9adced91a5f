"""rank_vectors the whole way, against the same documents in binary fields."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from PIL import Image as PilImage

from es_jina.dense import ELEMENT_TYPES, ElementType, dense_profiles
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.errors import ClusterError
from es_jina.ingest.report import Report
from es_jina.ingest.run import Ingest
from es_jina.ingest.targets import Setting, Targets
from es_jina.inputs import Text
from es_jina.profile import IndexProfile, MultiVectorProfile, Store
from es_jina.providers import open_tokenizer, profile_for
from es_jina.providers.local import LocalProvider
from es_jina.search.searcher import Searcher
from tests.elastic.rank_vectors_double import RankVectorsDouble

QUERY = Text("the quick brown fox")

Load = Callable[[str, IndexProfile, Capabilities], Report]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = {
        "fox": "The quick brown fox jumps.",
        "dog": "A lazy dog sleeps all day.",
        "sun": "Strom aus der Sonne.",
        "café": "El café está en la esquina.",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.md").write_text(f"# About {name}\n\n{text}")
    PilImage.new("RGB", (60, 40), "teal").save(tmp_path / "teal.png")
    return tmp_path


@pytest.fixture
def load(ranked: Elasticsearch, provider: LocalProvider, folder: Path) -> Load:
    """Ingests the folder into an index."""

    def ingest(index: str, profile: IndexProfile, able: Capabilities) -> Report:
        run = Ingest(
            ranked,
            index,
            profile,
            able,
            open_provider=lambda: provider,
            open_tokenizer=lambda: open_tokenizer("local", profile.model),
        )
        return run.run(Targets([str(folder)], Setting(ranked, folder)))

    return ingest


@pytest.fixture
def profile(provider: LocalProvider) -> Callable[[Store, ElementType], IndexProfile]:
    def fitting(store: Store, element_type: ElementType) -> IndexProfile:
        made = profile_for(provider.model, dense=dense_profiles(128, 256))
        return replace(made, multi_vector=MultiVectorProfile(store, element_type))

    return fitting


def scores(searcher: Searcher, mode: Any) -> dict[str, float]:
    found = searcher.search(QUERY, mode)
    assert found.reranked
    return {hit.id: hit.score for hit in found.hits}


@pytest.mark.parametrize("base64", [True, False])
@pytest.mark.parametrize("element_type", ELEMENT_TYPES)
def test_the_same_order_as_in_binary_fields(
    ranked: Elasticsearch,
    provider: LocalProvider,
    index: str,
    load: Load,
    profile: Callable[[Store, ElementType], IndexProfile],
    element_type: ElementType,
    base64: bool,
) -> None:
    able = replace(Capabilities.detect(ranked), base64_rank_vectors=base64)
    assert able.rank_vectors
    searchers = {}
    for store in ("binary", "rank_vectors"):
        made, name = profile(store, element_type), f"{index}-0-{store[0]}"
        set_up(ranked, name, made, able)
        report = load(name, made, able)
        assert (report.embedded, report.failures) == (5, [])
        # Written by somebody else: without any multi-vector.
        ranked.index(index=name, id="bare", document={"text": "fox"}, refresh=True)
        searchers[store] = Searcher(ranked, name, made, able, provider)
    for mode in ("late", "hybrid"):
        binary, other = (scores(searchers[store], mode) for store in ("binary", "rank_vectors"))
        # Against bytes, Elasticsearch rounds the query to bytes too.
        assert other == pytest.approx(binary, abs=0.02 if element_type == "byte" else 1e-4)
        assert [*other] == sorted(other, key=lambda ident: -other[ident])
        if element_type != "byte":
            assert [*other] == [*binary]
        assert ("bare" in other) == (mode == "hybrid")
    assert [*other][-1] == "bare"
    assert other["bare"] == 0


@pytest.mark.parametrize("store", ["binary", "rank_vectors", None])
def test_what_elasticsearch_does_in_one_search_we_do_in_several(
    ranked: Elasticsearch,
    provider: LocalProvider,
    index: str,
    load: Load,
    profile: Callable[[Store, ElementType], IndexProfile],
    store: Store | None,
) -> None:
    able = Capabilities.detect(ranked)
    assert able.rrf
    assert able.rescorer
    made = profile(store or "binary", "float")
    made = made if store else replace(made, multi_vector=None)
    set_up(ranked, index, made, able)
    load(index, made, able)
    for ident in ("bare", "bald"):
        ranked.index(index=index, id=ident, document={"text": "brown fox"}, refresh=True)
    native = Searcher(ranked, index, made, able, provider)
    unlicensed = replace(able, rrf=False, rescorer=False)
    own = Searcher(ranked, index, made, unlicensed, provider)
    for filters in ([], [{"term": {"kind": "text"}}]):
        there = native.search(QUERY, filters=filters)
        here = own.search(QUERY, filters=filters)
        assert len(there.requests) == 1
        assert len(here.requests) == (2 if store is None else 3)
        assert [hit.id for hit in there.hits] == [hit.id for hit in here.hits]
        expected = [hit.score for hit in here.hits]
        assert [hit.score for hit in there.hits] == pytest.approx(expected, abs=1e-5)
        # What matches is shown either way.
        assert [hit.snippet for hit in there.hits] == [hit.snippet for hit in here.hits]
        assert [hit.highlights for hit in there.hits] == [hit.highlights for hit in here.hits]


def test_a_licence_that_lapsed_says_what_to_do(
    double: RankVectorsDouble,
    ranked: Elasticsearch,
    provider: LocalProvider,
    index: str,
    load: Load,
    folder: Path,
    profile: Callable[[Store, ElementType], IndexProfile],
) -> None:
    able, made = Capabilities.detect(ranked), profile("rank_vectors", "byte")
    set_up(ranked, index, made, able)
    load(index, made, able)
    double.licence = "lapsed"
    searcher = Searcher(ranked, index, made, able, provider)
    with pytest.raises(ClusterError) as raised:
        searcher.search(QUERY, "late")
    assert str(raised.value) == (
        f"searching '{index}': Elasticsearch answered 403: current license is non-compliant for "
        "[Rank Vectors]; `es-jina convert-multi INDEX --to binary` moves multi-vectors to where "
        "any licence has them"
    )
    # What needs no multi-vectors goes on.
    assert searcher.search(Text("Sonne"), "text").hits[0].title == "About sun"
    assert len(searcher.search(QUERY, "dense").hits) == 5
    (folder / "new.txt").write_text("something new")
    (failure,) = load(index, made, able).failures
    assert "non-compliant for [Rank Vectors]" in failure.message
