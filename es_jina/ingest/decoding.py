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
_NAMES_OF_WINDOWS_1252 = frozenset({"iso-8859-1", "latin-1", "latin1", "ascii", "us-ascii"})
_HEADING = re.compile(r"^#{1,6}[ \t]+(\S.*)$", re.MULTILINE)
_LONGEST_LINE = 100
_LONGEST_HEADING = 200


def decode(content: bytes, charset: str | None = None) -> str:
    r"""Decode a text file; line ends become ``\n``.

    Args:
        content: of the file.
        charset: what a server says that it is, for what is not Unicode.

    Raises:
        ItemError: it is neither UTF-8 nor UTF-16 with a byte order mark nor of that charset, or
            holds no text.
    """
    encoding = next((e for bom, e in _BOMS.items() if content.startswith(bom)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        otherwise = decoded_as(charset, content) if encoding == "utf-8" and charset else None
        if otherwise is None:
            name = encoding.removesuffix("-sig")
            raise ItemError(f"not {name} text (byte {error.start}); save it as UTF-8") from error
        text = otherwise
    if "\0" in text:
        raise ItemError("not a text: it holds NUL characters")
    if not text or text.isspace():
        raise ItemError("the file holds only white space")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def decoded_as(named: str, content: bytes) -> str | None:
    """Decode what a page or its server names so, as browsers do; ``None`` where it is not that."""
    name = named.strip().lower()
    try:
        text = content.decode("windows-1252" if name in _NAMES_OF_WINDOWS_1252 else name)
        # Some decoders make what is no text.
        text.encode("utf-8")
    except (LookupError, UnicodeError):
        return None
    return text


def title_of(text: str, otherwise: str) -> str:
    """Return the first Markdown heading, or a short first line, or the fallback."""
    found = _HEADING.search(text)
    heading = found[1].rstrip().rstrip("#").rstrip() if found else ""
    if heading:
        return heading[:_LONGEST_HEADING].rstrip()
    first = text.lstrip()[: _LONGEST_LINE + 1].split("\n", 1)[0].rstrip()
    return first if 0 < len(first) <= _LONGEST_LINE else otherwise
