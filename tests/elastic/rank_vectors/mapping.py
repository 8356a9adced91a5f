"""Mappings on their way to the node and back."""

from collections.abc import Iterator
from typing import Any

from .field import Field
from .refusals import illegal


def hide(told: Any, name: str = "") -> Any:
    """Return a template, a mapping or a request with one, as the node can hold it."""
    if isinstance(told, list):
        return [hide(each, name) for each in told]
    if not isinstance(told, dict):
        return told
    if told.get("type") == "rank_vectors":
        return Field.of(name, told).hidden
    return {key: hide(value, key) for key, value in told.items()}


def show(kept: Any) -> Any:
    """Return what the node says about mappings as a client has said it."""
    if isinstance(kept, list):
        return [show(each) for each in kept]
    if not isinstance(kept, dict):
        return kept
    field = Field.kept(kept)
    return field.shown if field else {key: show(value) for key, value in kept.items()}


def fields(kept: Any, name: str = "") -> Iterator[tuple[str, Field]]:
    """Yield the rank_vectors fields in what the node says, or is told, and their names."""
    if isinstance(kept, list):
        for each in kept:
            yield from fields(each, name)
    elif isinstance(kept, dict):
        field = Field.kept(kept)
        if field is not None:
            yield name, field
        else:
            for key, value in kept.items():
                yield from fields(value, key)


def check_update(present: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Refuse to make another field of one that is there, in the forms that clients see."""
    for name, mapping in wanted.items():
        before = present.get(name)
        if before is None or "rank_vectors" not in (before.get("type"), mapping.get("type")):
            continue
        if before != mapping:
            raise illegal(f"Mapper for [{name}] conflicts with existing mapper: {before}")
