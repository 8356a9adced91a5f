"""What is pasted into Dev Tools, and what stands beside it, for clusters of several kinds."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from es_jina.dense import DenseProfile
from es_jina.kibana.bundle import Bundle
from es_jina.kibana.console import VECTOR, console
from es_jina.kibana.folder import files, write
from es_jina.kibana.readme import readme
from es_jina.profile import MultiVectorProfile
from tests.kibana.dev_tools import Request, read
from tests.kibana.library import PROFILE
from tests.kibana.test_needs import BASIC, ENTERPRISE
from tests.schema import check

PAID = Bundle("docs", PROFILE, ENTERPRISE, "ref", "https://jina.example")
FREE = replace(PAID, capabilities=BASIC)


def named(request: Request) -> str | None:
    """The request by its name in Elasticsearch's specification; none where it has no body."""
    match request.method, request.path.strip("/").split("/"):
        case "POST", ["docs", "_search"]:
            return "search"
        case "POST", ["docs", "_search", "template"]:
            return "search_template"
        case "PUT", ["_scripts", _]:
            return "put_script"
        case "POST", ["_query"]:
            return "esql.query"
        case "GET", ["_inference", "docs-query" | "docs-rerank"]:
            return None
    pytest.fail(f"an unknown request: {request}")


def commented_in(text: str) -> list[Request]:
    """All requests but those that clean up, those too that are comments."""
    lines, inside = [], False
    for line in text.splitlines():
        inside = line.startswith("#") and (inside or bool(re.match("# (GET|POST|PUT) /", line)))
        lines.append(line.removeprefix("#").removeprefix(" ") if inside else line)
    return read("\n".join(lines))


@pytest.mark.parametrize("bundle", [PAID, FREE], ids=["enterprise", "basic"])
def test_every_request_is_one_that_elasticsearch_takes(bundle: Bundle) -> None:
    requests = read(console(bundle))
    for request in requests:
        if name := named(request):
            assert check(name, request.body) == []
        else:
            assert request.body is None


def test_with_an_enterprise_licence_only_a_vector_is_missing() -> None:
    requests = read(console(PAID))
    put = [request.path for request in requests if request.method == "PUT"]
    assert put == [each.asset.path for each in PAID.searches.templates]
    called = [request.body["id"] for request in requests if request.path.endswith("/template")]
    missing = {"docs-hybrid-vector", "docs-pages-vector"}
    assert called == [path.split("/")[-1] for path in put if path.split("/")[-1] not in missing]
    asked = [request.body for request in requests if request.path == "/_query"]
    assert [body["query"].lstrip() for body in asked] == [
        each.text for each in PAID.searches.queries
    ]
    assert all(
        body["params"] == [{"q": "how often does the filter need cleaning"}] for body in asked
    )


def test_every_search_is_called_after_it_was_put() -> None:
    for bundle in (PAID, FREE):
        put: set[str] = set()
        for request in read(console(bundle)):
            if request.method == "PUT":
                put.add(request.path.split("/")[-1])
            if request.path.endswith("/template"):
                assert request.body["id"] in put


def test_a_basic_licence_leaves_words_and_says_why() -> None:
    text = console(FREE)
    ran = [request.path for request in read(text) if request.method == "PUT"]
    assert ran == [
        "/_scripts/docs-words",
        "/_scripts/docs-hybrid-vector",
        "/_scripts/docs-pages-vector",
    ]
    assert [request.path for request in read(text) if request.path == "/_query"] == []
    assert "the inference API, with an Enterprise licence or a trial" in text.replace("\n# ", " ")
    # Whoever gets the licence takes the number signs away.
    assert commented_in(text) == commented_in(console(PAID))


def test_requests_are_numbered_and_explained() -> None:
    for bundle in (PAID, FREE):
        text = console(bundle)
        numbers = [int(number) for number in re.findall(r"^# (\d+)\. \S", text, re.MULTILINE)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) == len(commented_in(text))
        assert max(map(len, re.findall(r"^# .*[.:]$", text, re.MULTILINE))) <= 100
    assert f'#     "query_vector": "{VECTOR}"' in console(FREE)
    assert "--print-request" in console(FREE)


def test_endpoints_are_those_that_searches_ask() -> None:
    narrow = replace(PROFILE, dense=(DenseProfile.of(1024, None, "bit"),))
    for bundle in (replace(PAID, profile=narrow), replace(PAID, index="日本")):
        assert "/_inference/" not in console(bundle)
        told = readme(bundle)
        assert "No search of this index asks it for anything." in told
        assert "-query`" not in told


def test_an_endpoint_takes_no_module_for_templates() -> None:
    bare = replace(PAID, capabilities=replace(ENTERPRISE, modules=frozenset()))
    asked = [request.path for request in read(console(bare)) if request.method == "GET"]
    assert asked == ["/_inference/docs-query", "/_inference/docs-rerank"]


def test_the_end_says_how_to_take_all_away() -> None:
    lines = console(PAID).rstrip().splitlines()[-len(PAID.searches.templates) :]
    assert lines == [f"# DELETE {each.asset.path}" for each in PAID.searches.templates]


def test_the_folder_has_what_the_readme_names() -> None:
    made = files(PAID)
    assert {name for name in made if "/" not in name} == {
        "console.txt", "README.md", "saved-objects.ndjson",
    }  # fmt: skip
    assert len(made) == 3 + 13
    for name in ("console.txt", "search/*.json", "search/*.esql", "saved-objects.ndjson"):
        assert f"`{name}`" in made["README.md"].decode()


def test_an_earlier_export_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    write(PAID, tmp_path)
    theirs = [tmp_path / name for name in ("rrf.json", "search/own.json", "search/rrf.txt")]
    for path in theirs:
        path.write_text("{}")
    bare = replace(PAID, profile=replace(PROFILE, multi_vector=None), rerank_field=None)
    write(bare, tmp_path)
    found = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {*theirs, *(tmp_path / name for name in files(bare))}
    assert not (tmp_path / "search" / "rerank.json").exists()


def rows(text: str) -> dict[str, str]:
    """What the README says of each search here."""
    found = re.findall(r"^\| `(docs-\S+|search/\S+esql)` \| .+ \| (.+) \|$", text, re.MULTILINE)
    return dict(found)


def test_the_readme_says_what_runs_here() -> None:
    assert set(rows(readme(PAID)).values()) == {"yes"}
    free = rows(readme(FREE))
    assert [name for name, here in free.items() if here == "yes"] == [
        "docs-words", "docs-hybrid-vector", "docs-pages-vector",
    ]  # fmt: skip
    assert free["docs-rrf"].startswith("no: it takes the inference API and the retriever rrf, with")
    assert "basic among them" in readme(FREE)
    assert "{" not in readme(PAID).replace('{"id"', "").replace('{"q"', "")


@pytest.mark.parametrize(
    ("multi", "told"),
    [
        (None, "* `docs-rerank` is left out: the index has no multi-vectors to rerank by."),
        (MultiVectorProfile("rank_vectors", "byte"), "* The multi-vectors are rank_vectors,"),
    ],
)
def test_the_readme_says_what_is_no_search_of_the_index(multi: Any, told: str) -> None:
    profile = replace(PROFILE, multi_vector=multi)
    bundle = replace(PAID, profile=profile, rerank_field="ref" if multi else None)
    assert told in readme(bundle)
    assert ("docs-rerank` orders hits" in readme(bundle)) == bool(multi)
