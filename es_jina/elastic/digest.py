"""Whether two templates say the same, whatever way Elasticsearch writes them back."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

# What a template or a pipeline does; the rest (version, description, dates) is about it.
CONTENT = (
    "template",
    "composed_of",
    "index_patterns",
    "priority",
    "processors",
    "on_failure",
    "allow_auto_create",
    "data_stream",
    "ignore_missing_component_templates",
    "deprecated",
    "script",
)
# What es_jina itself writes into ``_meta``; all else there is somebody's.
_OWN_META = ("managed_by", "description", "digest")


def flatten(body: dict[str, Any]) -> dict[str, str]:
    """Return what a template or a pipeline does, each value by its dotted path.

    Elasticsearch nests settings below ``index``, whether they were put so or not, and makes text
    of their numbers; so here every setting has that prefix, and every value is text. Objects and
    lists without content are left out. What people note in ``_meta`` counts as well.
    """
    told = {key: body[key] for key in CONTENT if key in body}
    meta = body.get("_meta", {})
    told["_meta"] = {key: value for key, value in meta.items() if key not in _OWN_META}
    return {path: text for key, value in told.items() for path, text in _leaves(key, value)}


def digest(body: dict[str, Any]) -> str:
    """Return 64 hex digits over what a template or a pipeline does."""
    return hashlib.sha256(json.dumps(flatten(body), sort_keys=True).encode()).hexdigest()


def difference(stored: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Return the lines that differ, by path: ``- path = value`` as stored, ``+`` as wanted."""
    before, after = flatten(stored), flatten(wanted)
    return [
        f"{sign} {path} = {side[path]}"
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
        for sign, side in (("-", before), ("+", after))
        if path in side
    ]


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(f"{path}.{_prefixed(path, key)}", inner)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaves(f"{path}.{place}", inner)
    else:
        yield path, json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def _prefixed(path: str, key: str) -> str:
    outside = path == "template.settings" and key != "index" and not key.startswith("index.")
    return f"index.{key}" if outside else key
