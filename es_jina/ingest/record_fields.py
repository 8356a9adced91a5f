"""Which fields of a record are its id, its text and its image, and what they may hold."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any, Final
from uuid import UUID

from es_jina.errors import ItemError, RequestError

Values = Mapping[str, Any]

MISSING: Final = object()
# Percent-encoded behind a path, a longer one would not fit an indexed term (32,766 bytes).
MAX_ID = 1000
# From here on, whole numbers that are read as floats are rounded.
_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class RecordFields:
    """The fields of a record that matter; `author.name` is `name` in the object `author`.

    Where `author` is a list of objects, it is the list of their names.

    Attributes:
        id: names the record; without one, its number does.
        text: what is embedded as text.
        image: what is embedded as a picture: a path, a URL, a data URI, base64 or bytes.
        keep: kept as they are.
    """

    id: str | None
    text: str | None
    image: str | None
    keep: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.text is None and self.image is None:
            raise RequestError(
                "say what to embed of each record with --text-field, --image-field or both"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, each once."""
        given = (self.id, self.text, self.image, *self.keep)
        return tuple(dict.fromkeys(name for name in given if name is not None))


def find(values: Values, name: str) -> Any:
    """Return a field of a record; :data:`MISSING` where there is none.

    A name with dots leads into objects, unless a key is called so as a whole. Through a list it
    leads into each object of it: what they have of the name is one list.
    """
    if name in values:
        return values[name]
    head, _, rest = name.partition(".")
    return _find_within(values.get(head, MISSING), rest) if rest else MISSING


def _find_within(inner: Any, name: str) -> Any:
    if inner is None:
        return None
    if isinstance(inner, Mapping):
        return find(inner, name)
    if not isinstance(inner, list):
        return MISSING
    objects = [each for each in inner if each is not None]
    there = [value for each in objects if (value := _find_within(each, name)) is not MISSING]
    if objects and not there:
        return MISSING
    lists = (value if isinstance(value, list) else [value] for value in there)
    return list(chain.from_iterable(lists))


def id_of(name: str, value: Any) -> str:
    """Return the id in a field.

    Raises:
        ItemError: it is missing, empty, too long, or neither a text nor a number.
    """
    if value is MISSING:
        raise ItemError(f"the id field {name!r} is missing")
    told = _plain(name, value)
    if isinstance(told, bool) or not isinstance(told, str | int | float):
        raise ItemError(f"the id field {name!r} holds {_kind(told)}, not a text or a number")
    if isinstance(told, float) and abs(told) >= _EXACT:
        raise ItemError(f"the id field {name!r} holds a number too large to be exact; quote it")
    ident = str(told)
    if not ident.strip():
        raise ItemError(f"the id field {name!r} is empty")
    if len(ident) > MAX_ID:
        raise ItemError(
            f"the id field {name!r} holds {len(ident)} characters; {MAX_ID} is the most"
        )
    if not _is_unicode(ident):
        raise ItemError(f"the id field {name!r} is not valid Unicode; save the data as UTF-8")
    return ident


def text_of(name: str, value: Any) -> str:
    r"""Return the text in a field, line ends as ``\n``; of several texts, blank lines between.

    Returns:
        Nothing for a field that is missing or null.

    Raises:
        ItemError: it holds objects or bytes.
    """
    if isinstance(value, list):
        text = "\n\n".join(filter(None, (_one_text(name, part) for part in value)))
    else:
        text = _one_text(name, value)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def kept(values: Values, names: Iterable[str]) -> dict[str, Any]:
    """Return the fields to keep, by name, as JSON has them; a missing one is left out.

    Dates become ISO 8601, decimals and UUIDs their text, numbers that are none null.

    Raises:
        ItemError: one holds bytes.
    """
    found = ((name, find(values, name)) for name in names)
    return {name: _plain(name, value) for name, value in found if value is not MISSING}


def _one_text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is MISSING:
        return ""
    match _plain(name, value):
        case None:
            return ""
        case bool(truth):
            return "true" if truth else "false"
        case dict():
            raise ItemError(
                f"the field {name!r} holds an object: name a field in it, such as {name}.en"
            )
        case list():
            raise ItemError(f"the field {name!r} holds lists in a list, not a text")
        case scalar:
            return str(scalar)


def _plain(name: str, value: Any) -> Any:
    """Return a value as JSON has it.

    Raises:
        ItemError: JSON has nothing for it.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case list() | tuple():
            return [_plain(name, item) for item in value]
        case dict():
            return {str(key): _plain(name, item) for key, item in value.items()}
        case date() | time():
            return value.isoformat()
        case Decimal() | UUID() | timedelta():
            return str(value)
        case bytes():
            raise ItemError(f"the field {name!r} holds bytes, which are no text; leave it out")
        case _:
            raise ItemError(f"the field {name!r} holds a {type(value).__name__}; leave it out")


def _kind(told: Any) -> str:
    if told is None:
        return "null"
    return {dict: "an object", list: "a list", bool: "true or false"}[type(told)]


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
