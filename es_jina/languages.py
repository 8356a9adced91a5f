"""A language whose words are also searched by their stems."""

import re
from dataclasses import dataclass

from es_jina.errors import RequestError

_CODE = re.compile(r"[a-z]{2}")


@dataclass(frozen=True, slots=True, order=True)
class Language:
    """A language of an index's texts.

    Attributes:
        code: its ISO 639-1 code; the subfields are named by it, such as ``text.de``.
        analyzer: Elasticsearch's name of what makes stems of its words.
    """

    code: str
    analyzer: str

    def __post_init__(self) -> None:
        check_code(self.code)
        if not self.analyzer:
            raise RequestError(f"language {self.code!r}: its analyzer is missing")

    def __str__(self) -> str:
        return f"{self.code} ({self.analyzer})"


def check_code(code: str) -> None:
    """Check that a language's code can be one.

    Raises:
        RequestError: it is not two small letters.
    """
    if not _CODE.fullmatch(code):
        raise RequestError(f"language {code!r}: write its code of two small letters, such as de")
