import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.errors import ItemError
from es_jina.ingest.decoding import decode, title_of


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_decodes_unicode(encoding: str, end: str) -> None:
    assert decode(f"Grüße, 日本{end}".encode(encoding)) == "Grüße, 日本\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Grüße".encode("latin-1"), r"not utf-8 text \(byte 2\); save it as UTF-8"),
        (b"\xef\xbb\xbf" + "Grüße".encode("latin-1"), "not utf-8 text"),
        (b"\xff\xfea", "not utf-16 text"),
        (b"a\0b", "NUL"),
        (b" \n\t ", "only white space"),
        (b"\xef\xbb\xbf", "only white space"),
    ],
)
def test_refuses_what_is_no_text(content: bytes, message: str) -> None:
    with pytest.raises(ItemError, match=message):
        decode(content)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_text_or_an_error(content: bytes) -> None:
    try:
        text = decode(content)
    except ItemError:
        pass
    else:
        text.encode("utf-8")
        assert text.strip()
        assert not {"\0", "\r"} & set(text)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Solar power #\n\nText", "Solar power"),
        ("Intro\n\n## Später\nText", "Später"),
        ("# #\nText", "# #"),
        ("A short first line\nand more", "A short first line"),
        ("\n\n  indented  \nmore", "indented"),
        ("word " * 50, "stem"),
        ("#hashtag is no heading", "#hashtag is no heading"),
        ("# " + "very " * 100 + "long", ("very " * 40).strip()),
        ("", "stem"),
    ],
)
def test_titles(text: str, title: str) -> None:
    assert title_of(text, "stem") == title


def test_titles_of_large_texts_are_found_at_once() -> None:
    assert title_of("# " + " #" * 2_000_000 + "x", "stem").startswith("# # #")
    assert title_of("x " * 2_000_000, "stem") == "stem"
