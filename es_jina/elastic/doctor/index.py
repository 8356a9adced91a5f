"""One index as the doctor reads it."""

from dataclasses import dataclass
from typing import Any, Self

from es_jina.profile import IndexProfile


@dataclass(frozen=True, slots=True)
class Index:
    """One index.

    Attributes:
        name: of the index itself.
        alias: the one that `es-jina setup` gave it; its own name where it has none.
        settings: as strings, by their full names.
        meta: the ``_meta`` of its mapping.
        properties: the mapping of its vector fields, by name.
        profile: what it was made for.
    """

    name: str
    alias: str
    settings: dict[str, str]
    meta: dict[str, Any]
    properties: dict[str, Any]
    profile: IndexProfile

    @classmethod
    def read(cls, name: str, body: dict[str, Any], profile: IndexProfile) -> Self:
        """Read what ``GET /INDEX?flat_settings`` says."""
        mappings = body["mappings"]
        return cls(
            name,
            alias_of(name, body),
            body["settings"],
            mappings["_meta"],
            mappings.get("properties", {}),
            profile,
        )

    @property
    def ingest(self) -> str:
        """The command that fills it."""
        return f"`es-jina ingest {self.alias} PATH...`"


def alias_of(name: str, body: dict[str, Any]) -> str:
    """Return the alias through which an index is written; people may add others."""
    aliases: dict[str, Any] = body.get("aliases", {})
    return min(
        aliases, key=lambda each: ("is_write_index" not in aliases[each], each), default=name
    )
