"""What `es-jina embed` is given: texts, files, addresses, lines of standard input."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from es_jina.errors import ItemError, RequestError
from es_jina.inputs import Image, Input, Text

# An address has no white space in it: what has is a text that begins with one.
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_DATA_URI = re.compile(r"data:image/", re.IGNORECASE)
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Given:
    """One input.

    Attributes:
        shown: what names it in the output.
        input: what is to be embedded, or why it cannot be.
    """

    shown: str
    input: Input | ItemError


class Reader:
    """Reads inputs, each when its turn comes; one that cannot be read is none of the others'."""

    def __init__(self, stdin: BinaryIO | None, fetch: Callable[[str], bytes] | None) -> None:
        """Prepare.

        Args:
            stdin: standard input, where there is one.
            fetch: returns what is at an address; ``None`` where addresses are passed on.
        """
        self._stdin = stdin
        self._fetch = fetch

    def read(self, named: Iterable[tuple[str, str]]) -> Iterator[Given]:
        """Yield the inputs in their order.

        Args:
            named: how each was named (``inputs``, ``texts`` or ``images``), and what was said.

        Raises:
            RequestError: standard input is all there is, and it is empty.
        """
        given = None
        for way, said in named:
            lines = way == "inputs" and said == "-"
            for given in self._lines() if lines else [self._one(way, said)]:
                yield given
        if given is None:
            raise RequestError("nothing to embed: standard input is empty")

    def _one(self, way: str, said: str) -> Given:
        try:
            return Given(shown(said), self._input(way, said))
        except ItemError as error:
            return Given(shown(said), error)

    def _input(self, way: str, said: str) -> Input:
        match way:
            case "texts":
                return _text(said)
            case "images":
                return self._address(said) if _ADDRESS.fullmatch(said) else Image(Path(said))
            case _:
                return self._told(said)

    def _lines(self) -> Iterator[Given]:
        for number, line in enumerate(self._stdin or (), start=1):
            content = line.removesuffix(b"\n").removesuffix(b"\r")
            # Only the first line may begin with a byte order mark.
            text = content.decode("utf-8-sig" if number == 1 else "utf-8", "replace")
            try:
                content.decode()
                yield Given(shown(text), _text(text))
            except UnicodeDecodeError as error:
                why = ItemError(f"line {number} is not UTF-8 (byte {error.start + 1} of it)")
                yield Given(shown(text), why)
            except ItemError as error:
                yield Given(shown(text), error)

    def _told(self, said: str) -> Input:
        """Tell what an argument is."""
        if _ADDRESS.fullmatch(said):
            return self._address(said)
        if _is_there(said):
            return _file(Path(said))
        if _may_be_picture(said):
            raise ItemError("no such file; if it is a text, give it with --text")
        if _DATA_URI.match(said):
            raise ItemError("a data URI: give the picture as a file or at an address")
        return _text(said)

    def _address(self, url: str) -> Input:
        return Image(url if self._fetch is None else self._fetch(url))


def check_named(named: list[tuple[str, str]], stdin: BinaryIO | None) -> None:
    """Refuse what cannot be read at all.

    Raises:
        RequestError: nothing is named, or standard input twice, or there is none.
    """
    if not named:
        raise RequestError(
            "nothing to embed: give a text, a file, an address, or `-` for the lines of standard "
            "input; see --help"
        )
    dashes = named.count(("inputs", "-"))
    if dashes > 1:
        raise RequestError("`-` is standard input, which can be read once: leave out one of them")
    if dashes and stdin is None:
        raise RequestError("`-` is standard input, and there is none")


def shown(said: str) -> str:
    """Return what names an input: of a long one the beginning, of an address no password."""
    from es_jina.ingest.web import without_user

    whole = without_user(said).encode("utf-8", "replace").decode()
    return whole if len(whole) <= _SHOWN else f"{whole[: _SHOWN - 1]}…"


def _text(text: str) -> Text:
    if not text or text.isspace():
        raise ItemError("an empty text")
    return Text(text)


def _file(path: Path) -> Input:
    from es_jina.ingest.content import picture_or_text

    found = picture_or_text(path)
    # Editors end the last line of a text too; the same text as an argument has no such end.
    return Image(found) if isinstance(found, Path) else _text(found.rstrip("\n"))


def _is_there(said: str) -> bool:
    """Say whether there is something of that name, be it a broken link."""
    try:
        os.lstat(said)
    except PermissionError:
        return True
    except (OSError, ValueError):  # a text may be too long for a name, or hold a NUL
        return False
    return True


def _may_be_picture(said: str) -> bool:
    """Say whether a text looks like the path of a picture or a PDF."""
    from es_jina.ingest.content import IMAGE_SUFFIXES

    name = said.lower()
    in_folder = "/" in name or os.sep in name
    return name.endswith((*IMAGE_SUFFIXES, ".pdf")) and (in_folder or not re.search(r"\s", name))
