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


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("iso-8859-1", "windows-1252"),
        ("KOI8-R", "koi8-r"),
        # Servers state one charset for all that they have; what is Unicode shows that itself.
        ("iso-8859-1", "utf-8"),
        ("koi8-r", "utf-8-sig"),
        ("koi8-r", "utf-16"),
    ],
)
def test_decodes_what_a_server_states(charset: str, encoding: str) -> None:
    text = "Привет" if charset.lower() == "koi8-r" else "Grüße – 5 €"
    assert decode(text.encode(encoding), charset) == text


@pytest.mark.parametrize("charset", ["shift_jis", "x-unheard-of", "base64", "utf-8", ""])
def test_a_charset_that_does_not_fit_helps_nothing(charset: str) -> None:
    with pytest.raises(ItemError, match=r"not utf-8 text \(byte 2\)"):
        decode(b"Gr\xfc\xdf\xff", charset)


def test_no_charset_makes_what_is_no_text() -> None:
    with pytest.raises(ItemError, match="not utf-8 text"):
        decode(b"\\ud800 \xfc", "unicode_escape")


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
