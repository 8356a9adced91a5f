"""HTML to Markdown: what a reader of the page sees."""

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.dammit import EncodingDetector
from bs4.element import PreformattedString
from bs4.exceptions import ParserRejectedMarkup
from markdownify import MarkdownConverter

from es_jina.errors import ItemError
from es_jina.ingest.decoding import UTF16_BOMS, decoded_as

_UNSEEN = ["script", "style", "template", "noscript", "title"]
_HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]
_XML_DECLARATION = re.compile(r"<\?xml\b[^>]*>", re.IGNORECASE)
_ADDRESSES = ("href", "src", "poster")
_NOT_AN_ADDRESS = re.compile(r"\s*(?:data|javascript):", re.IGNORECASE)
_LINE_END = re.compile(r"[ \t]+$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n{3,}")
# Old pages leave their <p> and <li> open, and each then holds all that follow: hundreds of levels
# are real, and the converter calls itself three times for each.
_DEEPEST_CALLS = 10_000
# The limit of calls belongs to the whole process.
_ONE_AT_A_TIME = threading.Lock()


def html_to_markdown(content: bytes, charset: str | None = None) -> tuple[str | None, str]:
    """Turn a page into Markdown.

    Args:
        content: the page in the encoding of its byte order mark, of `charset`, or as it declares;
            else UTF-8, or Windows-1252 where it is none.
        charset: what the server says.

    Returns:
        The title, or else the first heading, ``None`` where there is neither; and the Markdown.

    Raises:
        ItemError: it is no HTML, holds no text, or is nested too deeply.
    """
    # Beautiful Soup warns of pages that are XML as well, and of texts without a tag.
    text = _XML_DECLARATION.sub("", _decoded(content, charset))
    try:
        soup = BeautifulSoup(text if "<" in text else f"<p>{text}", "html.parser")
    except ParserRejectedMarkup as error:
        raise ItemError("not HTML: its markup cannot be parsed") from error
    title = _title(soup)
    _drop_unseen(soup)
    _drop_inline_data(soup)
    with _deep_calls():
        try:
            markdown = _Converter(
                heading_style="ATX",
                bullets="-",
                # The text is read by models and searched by words: no backslashes in them.
                escape_asterisks=False,
                escape_underscores=False,
            ).convert_soup(soup)
        except RecursionError:
            raise ItemError("the HTML is nested too deeply: flatten it") from None
    markdown = _BLANK_LINES.sub("\n\n", _LINE_END.sub("", markdown)).strip()
    if not markdown:
        raise ItemError("the page holds no text")
    return title, markdown


class _Converter(MarkdownConverter):
    """Markdown with the names of pictures."""

    def convert_img(self, el: Tag, text: str, parent_tags: Any) -> str:
        """Keep what a picture is called; its address says nothing."""
        return " ".join(str(el.get("alt") or "").split())


@contextmanager
def _deep_calls() -> Iterator[None]:
    with _ONE_AT_A_TIME:
        before = sys.getrecursionlimit()
        sys.setrecursionlimit(max(before, _DEEPEST_CALLS))
        try:
            yield
        finally:
            sys.setrecursionlimit(before)


def _title(soup: BeautifulSoup) -> str | None:
    for found in (soup.find("title"), soup.find(_HEADINGS)):
        words = " ".join(found.get_text().split()) if found else ""
        if words:
            return words
    return None


def _drop_unseen(soup: BeautifulSoup) -> None:
    for tag in soup.find_all(_UNSEEN):
        tag.extract()
    # Comments, declarations, instructions to other programs.
    for text in soup.find_all(string=True):
        if isinstance(text, PreformattedString):
            text.extract()


def _drop_inline_data(soup: BeautifulSoup) -> None:
    """Drop addresses that are data or programs."""
    for tag in soup.find_all(True):
        for name in _ADDRESSES:
            if name in tag.attrs and _NOT_AN_ADDRESS.match(str(tag[name])):
                del tag[name]


def _decoded(content: bytes, charset: str | None) -> str:
    """Decode a page; NUL characters are no part of any."""
    if b"\0" in content and not content.startswith(UTF16_BOMS):
        raise ItemError("not HTML: it holds NUL characters")
    content, by_mark = EncodingDetector.strip_byte_order_mark(content)
    declared = EncodingDetector.find_declared_encoding(content, is_html=True)
    for named in filter(None, (by_mark, charset, declared, "utf-8")):
        # A declaration that could be read byte by byte is not in UTF-16.
        utf16 = by_mark is None and named.strip().lower().startswith("utf-16")
        text = decoded_as("utf-8" if utf16 else named, content)
        if text is not None:
            return text.replace("\0", "")
    return content.decode("windows-1252", "replace")
