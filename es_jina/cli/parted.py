"""Options that belong together, parted from the others of a command."""

from dataclasses import Field, fields
from typing import Any, ClassVar, Self


class Parted:
    """The base of a dataclass whose fields are options, by their names."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @classmethod
    def parted(cls, given: dict[str, Any]) -> tuple[Self, dict[str, Any]]:
        """Return these options, and the others of what was given to a command."""
        mine = {field.name for field in fields(cls)}
        return (
            cls(**{name: value for name, value in given.items() if name in mine}),
            {name: value for name, value in given.items() if name not in mine},
        )
