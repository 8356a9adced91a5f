"""Bytes to text, and a title for it."""

import codecs
import re

from es_jina.errors import ItemError

_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
UTF16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEADING = re.compile(r"^#{1,6}[ \t]+(\S.*)$", re.MULTILINE)
_LONGEST_LINE = 100
_LONGEST_HEADING = 200


def decode(content: bytes) -> str:
    r"""Decode a text file; line ends become ``\n``.

    Raises:
        ItemError: it is neither UTF-8 nor UTF-16 with a byte order mark, or holds no text.
    """
    encoding = next((e for bom, e in _BOMS.items() if content.startswith(bom)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.removesuffix("-sig")
        raise ItemError(f"not {name} text (byte {error.start}); save it as UTF-8") from error
    if "\0" in text:
        raise ItemError("not a text: it holds NUL characters")
    if not text or text.isspace():
        raise ItemError("the file holds only white space")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def title_of(text: str, otherwise: str) -> str:
    """Return the first Markdown heading, or a short first line, or the fallback."""
    found = _HEADING.search(text)
    heading = found[1].rstrip().rstrip("#").rstrip() if found else ""
    if heading:
        return heading[:_LONGEST_HEADING].rstrip()
    first = text.lstrip()[: _LONGEST_LINE + 1].split("\n", 1)[0].rstrip()
    return first if 0 < len(first) <= _LONGEST_LINE else otherwise
