"""What is shipped, and what becomes of it for an index; nothing is run."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from es_jina.dense import DenseProfile, dense_profiles
from es_jina.elastic.assets import load, shipped_folder
from es_jina.elastic.search_templates import read_template, write_template
from es_jina.kibana.searches import QUERIES, TEMPLATES, Searches, rerank_field, searches
from es_jina.languages import Language
from es_jina.profile import IndexProfile, MultiVectorProfile
from es_jina.search import query
from tests.kibana.mustache import render, with_numbers
from tests.schema import check

# The profile that the shipped files are for.
SHIPPED = IndexProfile("m", None, dense_profiles(1024), MultiVectorProfile("binary", "bit"), 1000)
GERMAN = replace(SHIPPED, dense=dense_profiles(128, 2048), languages=(Language("de", "german"),))
NASTY = [
    'a "quoted" word',
    "two\nlines\r\n\tand a tab",
    "C:\\folder\\new, \\u0041, \\",
    "}} {{q}} {{{q}}} {{#q}} {{/q}} {{! x }} {{^size}}",
    '"}}, "size": 0, "x": {"',
    "\x00\x01\x1b\x7f\u0085\u2028\u2029\ufeff",
    "<b>&amp; 'x' </b>",
    "👩‍🚀 🏳️‍🌈",
    "城市单车 自行車 サイクル",
    "مرحبا بالعالم \u202eabc\u202c",
    "${q} ?q $q %s",
    " ",
]


def sources(fitted: Searches) -> dict[str, str]:
    """The sources as Elasticsearch keeps them, by name."""
    bodies = {each.name: each.asset.signed for each in fitted.templates}
    return {name: json.dumps(body["script"]["source"]) for name, body in bodies.items()}


def filled(value: Any, words: dict[str, str]) -> Any:
    """A source with texts in the place of parameters, without mustache."""
    if isinstance(value, dict):
        return {key: filled(inner, words) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, words) for inner in value]
    return words.get(value, value) if isinstance(value, str) else value


def test_every_shipped_file_is_a_search_of_ours() -> None:
    folder = shipped_folder("pipelines") / "search"
    assert {path.stem for path in folder.glob("*.json")} == set(TEMPLATES)
    assert {path.stem for path in folder.glob("*.esql")} == set(QUERIES)
    assert {path.suffix for path in folder.iterdir()} == {".json", ".esql"}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_shipped_template_is_that_of_an_index_named_es_jina(name: str) -> None:
    """So it works when it is put by hand; and what its comment says is read and written alike."""
    shipped = load(f"search/{name}", "pipelines")
    body = read_template(shipped)
    assert write_template(body) == shipped
    assert body["version"] >= 1
    (ours,) = (each for each in searches("es-jina", SHIPPED, "ref").templates if each.name == name)
    assert ours.asset.body == body
    assert ours.asset.path == f"/_scripts/es-jina-{name}"


def test_a_shipped_query_is_that_of_an_index_named_es_jina() -> None:
    for ours in searches("es-jina", SHIPPED, "ref").queries:
        path: Path = shipped_folder("pipelines") / "search" / f"{ours.name}.esql"
        assert path.read_text("utf-8") == f"// {ours.about}\n{ours.text}"


@pytest.mark.parametrize("profile", [SHIPPED, GERMAN], ids=["plain", "german"])
def test_templates_search_words_and_show_hits_as_es_jina_search_does(profile: IndexProfile) -> None:
    ours = query.words("{{q}}", profile, 10)
    for template in searches("es-jina", profile, "ref").templates:
        source = template.asset.body["script"]["source"]
        assert source["_source"] == ours["_source"]
        assert f'"multi_match": {json.dumps(ours["query"]["multi_match"])}' in template.text
        highlight = dict(source["highlight"])
        each = {key: highlight.pop(key) for key in ("fragment_size", "number_of_fragments")}
        assert dict.fromkeys(highlight["fields"], each) == ours["highlight"]["fields"]
        assert highlight["max_analyzed_offset"] == ours["highlight"]["max_analyzed_offset"]
        if "retriever" in source:
            # Elasticsearch marks words of a query, and a retriever is none.
            assert highlight["highlight_query"] == ours["query"]


@pytest.mark.parametrize("profile", [SHIPPED, GERMAN], ids=["plain", "german"])
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_rendered_template_is_a_search_that_elasticsearch_takes(
    name: str, profile: IndexProfile
) -> None:
    source = sources(searches("docs", profile, "ref"))[name]
    params: dict[str, Any] = {"q": NASTY[0], "query_vector": "P4AAAA=="}
    body = with_numbers(render(source, params))
    assert (body["size"], body["from"]) == (10, 0)
    assert check("search", body) == []
    paged = with_numbers(render(source, {**params, "size": 5, "from": 20}))
    assert paged == {**body, "size": 5, "from": 20}
    assert with_numbers(render(source, {**params, "size": "5", "from": "20"})) == paged


@given(st.text())
@settings(max_examples=60)
def test_whatever_is_typed_arrives_unchanged(typed: str) -> None:
    for source in sources(searches("docs", GERMAN, "ref")).values():
        params = {"q": typed, "query_vector": "P4AAAA=="}
        words = {f"{{{{{name}}}}}": text for name, text in params.items()}
        expected = filled(json.loads(source), words)
        assert render(source, params) == expected | {"size": "10", "from": "0"}


for typed in NASTY:
    test_whatever_is_typed_arrives_unchanged = example(typed)(
        test_whatever_is_typed_arrives_unchanged
    )


def test_names_and_fields_are_those_of_the_index() -> None:
    fitted = searches("docs", GERMAN, "ref")
    for text in [*sources(fitted).values(), *(each.text for each in fitted.queries)]:
        assert "es-jina-query" not in text
        assert "embedding_1024" not in text
        assert '"es-jina' not in text
    for query_ in fitted.queries:
        assert query_.text.startswith('FROM "docs" METADATA')
        assert 'KNN(embedding_2048, TEXT_EMBEDDING(?q, "docs-query"))' in query_.text
    words = (
        'MATCH(title, ?q, {"boost": 2}) OR MATCH(text, ?q) OR '
        'MATCH(title.de, ?q, {"boost": 2}) OR MATCH(text.de, ?q)'
    )
    assert [words in each.text for each in fitted.queries] == [False, True, True, True]
    rerank = next(each for each in fitted.templates if each.name == "rerank")
    reranker = rerank.asset.body["script"]["source"]["retriever"]["text_similarity_reranker"]
    assert (reranker["field"], reranker["inference_id"]) == ("ref", "docs-rerank")


def test_every_branch_of_a_fork_has_its_own_limit_and_the_same_columns() -> None:
    """From 9.4 on there is no limit of Elasticsearch's own; and FUSE reads every column."""
    for each in searches("docs", SHIPPED, "ref").queries:
        branches = re.findall(r"\(\n(.*?)\n  \)", each.text, re.DOTALL)
        assert len(branches) == (0 if each.name == "nearest" else 2)
        columns = {branch.partition("KEEP ")[2] for branch in branches}
        assert len(columns) == bool(branches)
        for branch in branches:
            commands = [line.split()[0] for line in branch.replace("| ", "").splitlines()]
            assert commands == ["WHERE", "SORT", "LIMIT", "KEEP"]
            assert branch.partition("KEEP ")[2].startswith("_id, _index, _score, ")


def test_without_multi_vectors_nothing_is_reranked() -> None:
    bare = replace(SHIPPED, multi_vector=None)
    assert rerank_field(None, bare) is None
    fitted = searches("docs", bare, None)
    why = "the index has no multi-vectors to rerank by"
    assert fitted.unfit == dict.fromkeys(["docs-rerank", "docs-pages-rerank", "rerank.esql"], why)
    assert [each.name for each in fitted.queries] == ["nearest", "hybrid", "pages"]


def test_the_hosted_reranker_is_sent_words() -> None:
    assert rerank_field({"service": "custom"}, SHIPPED) == "ref"
    assert rerank_field({"service": "jinaai"}, SHIPPED) == "text"
    bare = replace(SHIPPED, multi_vector=None)
    fitted = searches("docs", bare, rerank_field({"service": "jinaai"}, bare))
    assert fitted.unfit == {}
    assert "| RERANK ?q ON text WITH" in fitted.queries[2].text
    assert '"field": "text", "inference_id": "docs-rerank"' in fitted.templates[4].text


@pytest.mark.parametrize("kind", ["byte", "bit"])
def test_what_an_endpoint_embeds_is_not_searched_among_bytes(kind: Any) -> None:
    narrow = replace(SHIPPED, dense=(DenseProfile.of(1024, None, kind),))
    fitted = searches("docs", narrow, "ref")
    assert [each.name for each in fitted.templates] == ["words", "hybrid-vector", "pages-vector"]
    assert fitted.queries == ()
    assert set(fitted.unfit.values()) == {
        f"an endpoint embeds in floats, and embedding_1024 holds {kind}s"
    }


@pytest.mark.parametrize("index", ["日本", "übung", "a+b", "a&b", "a{{q}}b", ".docs", "a'b"])
def test_a_name_that_no_endpoint_can_have_leaves_out_what_asks_one(index: str) -> None:
    fitted = searches(index, SHIPPED, "ref")
    assert [each.name for each in fitted.templates] == ["words", "hybrid-vector", "pages-vector"]
    assert fitted.queries == ()
    assert set(fitted.unfit.values()) == {
        f"Elasticsearch takes no inference endpoint of the name {index}-query"
    }
    assert not any(index in source for source in sources(fitted).values())
    assert searches("a_b.c-1" * 9, SHIPPED, "ref").unfit == {}
