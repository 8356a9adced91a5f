from dataclasses import replace
from typing import Any
from urllib.parse import quote

from hypothesis import example, given
from hypothesis import strategies as st

from es_jina.search.hits import MARK, UNMARK, Hit, read_hit, shown

PIECES = st.lists(
    st.sampled_from([MARK, UNMARK, "a", " ", "\n", "語", "word " * 8]), max_size=60
).map("".join)


def read(passage: str) -> Hit:
    found: dict[str, Any] = {"_id": "1", "_score": 1.0, "highlight": {"text": [passage]}}
    return shown(read_hit(found))


def marked_letters(passage: str) -> list[tuple[str, bool]]:
    """Each letter of the passage in one line, and whether it is between marks."""
    letters, marked = [], False
    for letter in " ".join(passage.split()):
        if letter in (MARK, UNMARK):
            marked = letter == MARK
        else:
            letters.append((letter, marked))
    return letters


@given(PIECES)
@example("a" * 158 + f"{MARK}bcd{UNMARK}")
def test_a_snippet_is_the_passage_without_marks_and_knows_where_they_stood(passage: str) -> None:
    letters = marked_letters(passage)
    if len(letters) > 160:
        letters = [*letters[:159], ("…", False)]
    hit = read(passage)
    assert hit.snippet == "".join(letter for letter, _ in letters)
    within = {at for first, end in hit.highlights for at in range(first, end)}
    assert within == {at for at, (_, marked) in enumerate(letters) if marked}


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
