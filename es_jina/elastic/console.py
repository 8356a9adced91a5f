"""Requests as Kibana's Dev Tools take them."""

import re
from typing import Any

import orjson

# A list of nothing but numbers goes into one line: a vector would fill a thousand. No line ends
# inside a text, so none is taken for such a list.
_NUMBERS = re.compile(r"\[\n\s*(-?\d[-+\d.eE,\s]*?)\n\s*\]")


def console_request(method: str, path: str, body: dict[str, Any]) -> str:
    """Return a request in lines: method and path, then the body as indented JSON."""
    option = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY
    told = orjson.dumps(body, option=option).decode()
    return f"{method} {path}\n{_NUMBERS.sub(_in_one_line, told)}"


def _in_one_line(numbers: re.Match[str]) -> str:
    return f"[{' '.join(numbers[1].split())}]"
