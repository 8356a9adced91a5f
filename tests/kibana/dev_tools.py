"""Reads what is meant for Kibana's Dev Tools as that does."""

import json
import re
from dataclasses import dataclass
from typing import Any

_REQUEST = re.compile(r"^(GET|POST|PUT|DELETE) (/\S+)$", re.MULTILINE)
_TRIPLE = re.compile(r'"""(.*?)"""', re.DOTALL)


@dataclass(frozen=True)
class Request:
    """A request; `body` is ``None`` where it has none."""

    method: str
    path: str
    body: Any


def read(text: str) -> list[Request]:
    """Return the requests of a text, without those in comments.

    Raises:
        ValueError: a body is no JSON, or something stands outside of a request.
    """
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    first, *parts = _REQUEST.split("\n".join(lines))
    if first.strip():
        raise ValueError(f"what is no request: {first!r}")
    methods, paths, bodies = parts[::3], parts[1::3], parts[2::3]
    return [
        Request(method, path, _body(body))
        for method, path, body in zip(methods, paths, bodies, strict=True)
    ]


def _body(text: str) -> Any:
    # Kibana makes a JSON string of what stands between three quotes.
    plain = _TRIPLE.sub(lambda found: json.dumps(found[1]), text)
    return json.loads(plain) if plain.strip() else None
