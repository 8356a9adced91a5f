"""Text files: decoding, a title, chunks on paragraph borders."""

import codecs
import re
from collections.abc import Iterator

from es_jina.errors import ItemError

# About 500 tokens of English: long enough to hold a thought, short enough to be found by it.
CHUNK_CHARACTERS = 2000
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
_PARAGRAPH = re.compile(r"\n\s*\n")
# The end of a sentence in Latin and CJK scripts; the fallback where a paragraph is too long.
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n")


def decode(content: bytes) -> str:
    """Decode a text file.

    Raises:
        ItemError: it is neither UTF-8 nor UTF-16 with a byte order mark, or holds no text.
    """
    encoding = next((e for bom, e in _BOMS.items() if content.startswith(bom)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ItemError(f"not {encoding} text (byte {error.start}); save it as UTF-8") from error
    if "\0" in text:
        raise ItemError("not a text: it holds NUL characters")
    if not text.strip():
        raise ItemError("the file holds only white space")
    return text.replace("\r\n", "\n")


def title_of(text: str, otherwise: str) -> str:
    """Return the first Markdown heading, or a short first line, or the fallback."""
    heading = _HEADING.search(text)
    if heading:
        return heading[1]
    first = text.strip().splitlines()[0].strip()
    return first if len(first) <= 100 else otherwise


def chunks(text: str, limit: int = CHUNK_CHARACTERS) -> list[str]:
    """Cut a text into chunks of at most `limit` characters, on the best border there is.

    Paragraphs are kept whole where they fit, then sentences, then words are cut. A heading starts a
    new chunk when the one before it is at least half full. Nothing but white space is lost.
    """
    found: list[str] = []
    current = ""
    for piece in _pieces(text, limit):
        heading = piece.startswith("#") and len(current) * 2 >= limit
        if current and (heading or len(current) + 2 + len(piece) > limit):
            found.append(current)
            current = ""
        current = f"{current}\n\n{piece}" if current else piece
    if current:
        found.append(current)
    return found


def _pieces(text: str, limit: int) -> Iterator[str]:
    for paragraph in _PARAGRAPH.split(text):
        piece = paragraph.strip()
        if len(piece) <= limit:
            if piece:
                yield piece
            continue
        yield from _sentences(piece, limit)


def _sentences(paragraph: str, limit: int) -> Iterator[str]:
    """Fill pieces with whole sentences; a sentence over the limit is cut hard."""
    current = ""
    for sentence in _SENTENCE.split(paragraph):
        for start in range(0, len(sentence), limit):
            part = sentence[start : start + limit].strip()
            if current and len(current) + 1 + len(part) > limit:
                yield current
                current = ""
            current = f"{current} {part}" if current else part
    if current.strip():
        yield current.strip()
