"""Pages as Markdown; a warning of the parser would fail every test here."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.errors import ItemError
from es_jina.ingest.html import html_to_markdown

PAGE = """<!DOCTYPE html>
<html><head><title>  Heat
 pumps </title><style>p { color: red }</style><script>var hidden = 1;</script></head>
<body><!-- a note to nobody --><h1>How they work</h1>
<p>A pump moves <b>heat</b>, not <em>fuel</em>. See <a href="https://example.org/x">this</a>
or <a href="javascript:alert(1)">that</a>.</p>
<noscript>Switch it on</noscript><template><p>not shown</p></template>
<img alt="A  drawing" src="data:image/png;base64,AAAA"><img src="data:image/png;base64,BBBB">
<ul><li>air_to_air<li>ground</ul>
<table><tr><th>Kind</th><th>COP</th></tr><tr><td>air</td><td>3</td></tr></table>


<h2>Cost</h2>
<pre>one  two</pre>
</body></html>"""


def test_a_page() -> None:
    title, markdown = html_to_markdown(PAGE.encode())
    assert title == "Heat pumps"
    assert markdown.startswith("# How they work\n\nA pump moves **heat**, not *fuel*.")
    for kept in ("[this](https://example.org/x)", "or that.", "A drawing", "- air_to_air",
                 "| air | 3 |", "\n\n## Cost\n\n", "one  two"):  # fmt: skip
        assert kept in markdown
    for dropped in ("hidden", "color", "nobody", "Switch", "not shown", "base64", "javascript",
                    "Heat\n", "DOCTYPE", "\n\n\n", " \n"):  # fmt: skip
        assert dropped not in markdown


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("<title> </title><h2>A <i>heading</i></h2><h1>Later</h1>x", "A heading"),
        ("<p>no heading</p>", None),
        ("<body>x<svg><title>Icon</title></svg>", "Icon"),
    ],
)
def test_titles(page: str, title: str | None) -> None:
    assert html_to_markdown(page.encode())[0] == title


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", ""),
        ("utf-8", '<meta charset="utf-8">'),
        ("utf-8-sig", '<meta charset="windows-1252">'),
        ("utf-16", ""),
        ("windows-1252", ""),
        ("windows-1252", '<meta charset="iso-8859-1">'),
        ("iso-8859-2", '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-2">'),
        ("utf-8", '<meta charset="utf-16">'),
        ("utf-8", '<meta charset="no-such-thing">'),
        ("utf-8", '<meta charset="hex">'),
    ],
)
def test_encodings(encoding: str, declared: str) -> None:
    page = f"<html><head>{declared}</head><body>Grüße</body></html>"
    assert html_to_markdown(page.encode(encoding))[1] == "Grüße"


def test_what_the_server_says_of_the_encoding_counts_more_than_the_page() -> None:
    page = '<meta charset="utf-8"><p>日本'.encode("shift_jis")
    assert html_to_markdown(page, "shift_jis")[1] == "日本"
    assert html_to_markdown("<p>Grüße".encode(), "nonsense")[1] == "Grüße"


@pytest.mark.parametrize(
    "page",
    [
        '<?xml version="1.0" encoding="utf-8"?><html><body>text</body></html>',
        '<?xml version="1.0"?><feed>text</feed>',
        "https://example.org/page.html",
        "notes.html",
    ],
)
def test_nothing_is_warned_of(page: str) -> None:
    assert html_to_markdown(page.encode())[1]


def test_old_pages_that_close_nothing() -> None:
    page = "<body>" + "".join(f"<p>paragraph {n}" for n in range(800))
    before = sys.getrecursionlimit()
    paragraphs = html_to_markdown(page.encode())[1].split("\n\n")
    assert paragraphs == [f"paragraph {n}" for n in range(800)]
    assert sys.getrecursionlimit() == before


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (b"<div>" * 20_000 + b"deep", "nested too deeply"),
        (b"<html><script>x</script><body> <img src='a.png'></body></html>", "holds no text"),
        (b"<html>\0\0\0", "not HTML: it holds NUL"),
    ],
    ids=["deep", "unseen", "binary"],
)
def test_refused(page: bytes, message: str) -> None:
    with pytest.raises(ItemError, match=message):
        html_to_markdown(page)


PIECES = st.sampled_from(
    ["<p>", "</p>", "<table>", "<tr>", "<td>", "<pre>", "<h1>", "<a href='x'>", "<!--", "-->", "<!",
     "<![CDATA[", "]]>", "<?x", "<script>", "&amp;", "&#xd800;", "&", "<", ">", "x", " ", "\n",
     "<ol start='y'>", "<li>", "<td colspan='z'>", "<img alt>", "<br>", "\x00", "é"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30))
def test_any_markup_is_a_text_or_an_error(pieces: list[str]) -> None:
    try:
        _, markdown = html_to_markdown("".join(pieces).encode())
    except ItemError:
        pass
    else:
        markdown.encode("utf-8")
        assert markdown.strip()
