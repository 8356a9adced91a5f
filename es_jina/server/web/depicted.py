"""What the picture of a unit is made of."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from es_jina import __version__
from es_jina.ingest.content import PDF
from es_jina.search.rerank import local_path
from es_jina.server.refused import NOT_FOUND, RefusedError

# Kinds of units that have a picture.
KINDS = ("image", "page")
_WEB = ("http://", "https://")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Depicted:
    """A picture, or a page of a file.

    Attributes:
        uri: of the source.
        sha256: of what the source was when it was indexed.
        pdf: whether it is a PDF.
        index: of the page in it, from 0; 0 for a picture.
        whole: whether a picture is the whole file.
    """

    uri: str
    sha256: str
    pdf: bool
    index: int
    whole: bool

    @property
    def is_web(self) -> bool:
        """Whether it is at an address of the web; else it is a file of this machine."""
        return self.uri.startswith(_WEB)

    def tag(self, side: int) -> str:
        """Return what tells its picture of a size from all others."""
        told = f"{__version__} {self.sha256} {self.index} {side}"
        return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:22]


def depicted(fields: Mapping[str, Any]) -> Depicted:
    """Read what the picture of a document is made of.

    Raises:
        RefusedError: it has none, or none that can be made again.
    """
    source, page = fields.get("source"), fields.get("page")
    if fields.get("kind") not in KINDS:
        raise no_picture("it is a text")
    if not isinstance(source, dict):
        raise no_picture("it does not say what it was made of")
    uri, sha256 = source.get("uri"), source.get("sha256")
    if not (isinstance(uri, str) and isinstance(sha256, str)):
        raise no_picture("it does not say what it was made of")
    if fields["kind"] == "image":
        index = 0
    elif type(page) is int and page >= 1:
        index = page - 1
    else:
        raise no_picture("it does not say which page it is")
    if local_path(uri) is None and not uri.startswith(_WEB):
        raise no_picture(f"its source is no file of its own: {uri[:_LONGEST]!r}")
    whole = fields["kind"] == "image"
    return Depicted(uri, sha256, source.get("mime") == PDF, index, whole)


def no_picture(reason: str) -> RefusedError:
    """Return the refusal of a picture that cannot be had."""
    return RefusedError(404, f"there is no picture of this: {reason}", NOT_FOUND)
