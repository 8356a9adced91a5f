"""Search templates, rendered by a mustache library with Elasticsearch's own way of escaping."""

import json
import re
from typing import Any

from pystache import Renderer

_SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def escaped(text: str) -> str:
    """As the JsonEscapeEncoder of its CustomMustacheFactory: what Jackson quotes in a string."""
    return re.sub(r'["\\\x00-\x1f]', _escape, text)


def _escape(found: re.Match[str]) -> str:
    letter = found[0]
    if letter in '"\\':
        return f"\\{letter}"
    return _SHORT.get(letter, f"\\u{ord(letter):04X}")


def render(source: str, params: dict[str, Any]) -> Any:
    """Return the search that Elasticsearch would run.

    Args:
        source: of the template, as Elasticsearch keeps it.
        params: what the template is called with.

    Raises:
        JSONDecodeError: what comes out is no JSON.
    """
    return json.loads(Renderer(escape=escaped).render(source, params))


def with_numbers(body: Any) -> Any:
    """Return a search whose numbers are numbers; Elasticsearch reads them from texts too."""
    texts = {key: body[key] for key in ("size", "from")}
    assert all(isinstance(text, str) for text in texts.values())
    return {**body, **{key: int(text) for key, text in texts.items()}}
