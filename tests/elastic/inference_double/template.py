"""Templates: ``${name}`` is replaced; what is left over is refused."""

import json
import re
from typing import Any

from .refusals import invalid

_PLACE = re.compile(r"\$\{(.*?)\}")


def as_json(values: dict[str, Any]) -> dict[str, str]:
    """What stands in a body: JSON, so a text has its quotes already."""
    return {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}


def as_text(values: dict[str, Any]) -> dict[str, str]:
    """What stands in an address or a header: texts alone, as they are."""
    return {name: value for name, value in values.items() if isinstance(value, str)}


def replaced(text: str, values: dict[str, str], field: str) -> str:
    told = _PLACE.sub(lambda found: values.get(found[1], found[0]), text)
    # Values are looked at, too: Elasticsearch refuses a text to embed that holds ``${name}``.
    if left := _PLACE.search(told):
        raise invalid(
            f"Found placeholder [{left[0]}] in field [{field}] after replacement call, please "
            "check that all templates have a corresponding field definition."
        )
    return told
