import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from hypothesis import example, given
from hypothesis import strategies as st

from es_jina.search.hits import Hit, read_hit, shown
from es_jina.search.snippets import MARK, UNMARK

PIECES = st.lists(
    st.sampled_from([MARK, UNMARK, "a", " ", "\n", "語", "word " * 8]), max_size=60
).map("".join)


def read(passage: str) -> Hit:
    found: dict[str, Any] = {"_id": "1", "_score": 1.0, "highlight": {"text": [passage]}}
    return shown(read_hit(found))


@given(PIECES)
@example("a" * 158 + f"{MARK}bcd{UNMARK}")
@example("語" * 400 + f"{MARK}語{UNMARK}" * 300)
def test_a_snippet_is_a_part_of_the_passage_with_the_first_match(passage: str) -> None:
    line = " ".join(passage.split())
    hit = read(passage)
    assert len(hit.snippet) <= 160
    assert hit.snippet.strip("…") in line.replace(MARK, "").replace(UNMARK, "")
    marked = re.findall(f"{MARK}([^{UNMARK}]*)", line)
    shown = [hit.snippet[first:end] for first, end in hit.highlights]
    assert bool(shown) == any(each.replace(MARK, "") for each in marked)
    assert all(shown)
    assert "…" not in "".join(shown)


def test_a_snippet_begins_and_ends_with_words() -> None:
    assert read(", add the bread").snippet == "add the bread"
    assert read("## Soup * of").snippet == "Soup * of"
    assert read("**Soup** of").snippet == "Soup** of"
    assert read(".NET, and -5 degrees").snippet == ".NET, and -5 degrees"
    assert read("The " + "plentiful " * 30).snippet == "The" + " plentiful" * 15 + "…"
    hit = read("The " + "plentiful " * 30 + f"{MARK}bread{UNMARK} is baked")
    assert hit.snippet == "…plentiful plentiful plentiful bread is baked"
    assert [hit.snippet[first:end] for first, end in hit.highlights] == ["bread"]


def test_stop_words_are_marked_alone_only() -> None:
    def marked(passage: str) -> list[str]:
        hit = read(passage)
        return [hit.snippet[first:end] for first, end in hit.highlights]

    both = f"{MARK}a{UNMARK} bread {MARK}and{UNMARK} {MARK}cheese{UNMARK}"
    assert marked(both) == ["cheese"]
    assert marked(f"{MARK}and{UNMARK} bread") == ["and"]


def test_matches_that_touch_are_one() -> None:
    hit = read(f"日{MARK}本{UNMARK}{MARK}語{UNMARK}の文書")
    assert (hit.snippet, hit.highlights) == ("日本語の文書", ((1, 3),))


def test_documents_of_somebody_else_have_anything_in_their_fields() -> None:
    for source in ({}, {"source": None}, {"source": "a text"}, {"source": {"uri": None}}):
        hit = shown(read_hit({"_id": "1", "_score": 1.0, "_source": source}))
        assert (hit.uri, hit.title, hit.kind, hit.snippet) == ("", "", "", "")
        assert hit.name == ""
    odd = {"source": {"uri": "file:///a"}, "title": None, "text": ["one", "two"], "kind": 5}
    hit = shown(read_hit({"_id": "1", "_score": 1.0, "_source": odd}))
    assert (hit.title, hit.kind, hit.snippet) == ("file:///a", "5", "['one', 'two']")
    half = {"source": {"uri": "http://[a"}, "title": "half \ud800", "page": "7", "pages": True}
    hit = shown(read_hit({"_id": "1", "_score": 1.0, "_source": half}))
    assert (hit.title, hit.name) == ("half \N{REPLACEMENT CHARACTER}", "")
    assert (hit.page, hit.pages, hit.chunk) == (None, None, None)


@given(st.text(), st.text())
def test_any_address_has_a_name(way: str, name: str) -> None:
    hit = Hit("1", 1.0, f"file:///{way}", "", "text", None, None, None, "")
    assert "/" not in hit.name
    uri = f"file:///a/{quote(name)}"
    if "/" not in name and name not in (".", ""):
        assert replace(hit, uri=uri).name == name
