"""What Kibana's answers to an import mean, in sentences."""

from dataclasses import dataclass
from typing import Any

import orjson

from es_jina.errors import KibanaError
from es_jina.kibana.saved_object import KIBANA_LINE

_LONGEST = 300
# While one object has one of these, Kibana creates none, though it counts those without.
_HOLDING_UP = frozenset({"conflict", "ambiguous_conflict", "missing_references"})
_HINTS = {
    401: "check the API key, or the user and the password",
    403: "the user needs Saved Objects Management: All in that space",
    404: "give the base path with the address if Kibana has one",
    409: "somebody else changes the same objects: try again",
    413: "raise savedObjects.maxImportPayloadBytes in kibana.yml",
    422: f"the objects are for Kibana {KIBANA_LINE} and later",
    503: "wait until its /api/status says that it is available",
}
# What a proxy says in the name of a Kibana, or a Kibana that is still starting, before it has a
# name; others are an answer of something else.
_UNNAMED = frozenset({401, 403, 413, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import.

    Attributes:
        created: how many objects are there now.
        errors: one line for each object that is not: which, and why.
    """

    created: int
    errors: list[str]

    def check(self) -> None:
        """Raise where not all went well.

        Raises:
            KibanaError: it names each object and why.
        """
        if self.errors:
            raise KibanaError(f"Kibana did not import all objects: {'; '.join(self.errors)}")


def imported(answer: dict[str, Any]) -> Imported:
    """Read Kibana's answer to an import that it took; what is none may raise anything."""
    failures = answer.get("errors", [])
    held_up = any(failure["error"]["type"] in _HOLDING_UP for failure in failures)
    created = 0 if held_up else int(answer["successCount"])
    return Imported(created, [_failed(failure) for failure in failures])


def refusal(url: str, status: int, content: bytes, *, is_kibana: bool) -> KibanaError:
    """Return the error for an answer that is no success.

    Args:
        url: that was asked.
        status: of the answer.
        content: its body.
        is_kibana: whether Kibana itself answered.
    """
    if not is_kibana and status not in _UNNAMED:
        return no_kibana(url, status)
    said = _said(content)
    sentence = f": {said}" if said else ""
    hint = f"; {_HINTS[status]}" if status in _HINTS else ""
    return KibanaError(f"Kibana at {url} answered {status}{sentence}{hint}")


def redirected(url: str, status: int, route: str, location: str) -> KibanaError:
    """Return the error for an answer that sends elsewhere, where no sign-in must follow unasked.

    Args:
        url: of Kibana.
        status: of the answer.
        route: that was asked below the address.
        location: where the answer points.
    """
    return KibanaError(
        f"what answers at {url} (HTTP {status}) sends to {one_line(location.removesuffix(route))}: "
        "give that address if Kibana is there, else Kibana's own"
    )


def no_kibana(url: str, status: int) -> KibanaError:
    """Return the error for an answer that Kibana would not give."""
    return KibanaError(
        f"what answers at {url} (HTTP {status}) is not Kibana: give Kibana's own address, with its "
        "base path if it has one"
    )


def unknown_space(space: str) -> KibanaError:
    """Return the error for a space that is not there."""
    return KibanaError(
        f"Kibana has no space {space!r}: give the id of one, as its address shows it behind /s/"
    )


def one_line(told: object) -> str:
    """Fold what somebody else says into a short line."""
    return " ".join(str(told).split())[:_LONGEST]


def _said(content: bytes) -> str:
    """Return what a refusal says; Kibana writes JSON, except while it starts."""
    try:
        told = orjson.loads(content)
    except orjson.JSONDecodeError:
        told = content.decode("utf-8", "replace")
    return one_line(told.get("message", told) if isinstance(told, dict) else told)


def _failed(failure: dict[str, Any]) -> str:
    title = failure.get("meta", {}).get("title") or failure["id"]
    return f"{failure['type']} {one_line(title)!r}: {_why(failure['error'])}"


def _why(error: dict[str, Any]) -> str:
    match error["type"]:
        case "conflict":
            return "it is there already"
        case "ambiguous_conflict":
            return "it could replace several that are there: delete all but one in Kibana"
        case "missing_references":
            missing = ", ".join(f"{each['type']} {each['id']}" for each in error["references"])
            return f"it needs what is not there: {missing}"
        case "unsupported_type":
            return "this Kibana has no objects of this type, or imports none"
        case other:
            return one_line(error.get("message", other))
