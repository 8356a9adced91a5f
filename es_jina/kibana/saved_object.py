"""What all saved objects of Kibana have: an id, the versions they are written for, references."""

from collections.abc import Sequence
from typing import Any, Literal

import orjson

Kind = Literal["index-pattern", "search", "dashboard"]
SavedObject = dict[str, Any]

# The line of Kibana whose shapes the objects have. Kibana migrates what is older than itself when
# it imports it and refuses what is newer, so they are as old as what they use allows: 8.9 has every
# attribute and chart that is here, and all later ones, 9.5 included, migrate them.
KIBANA_LINE = "8.9"
# Of the envelope; it has not changed since, so what 8.19 and 9.x export names it too.
CORE_MIGRATION_VERSION = "8.8.0"
# Of each type's attributes: its last change up to that line. Types that count their changes, as
# later lines do, write the Nth as 10.N.0, which is above all of these.
TYPE_MIGRATION_VERSIONS: dict[Kind, str] = {
    "index-pattern": "8.0.0",
    "search": "8.0.0",
    "dashboard": "8.9.0",
}


def object_id(index: str, name: str) -> str:
    """Return an id that is the same each time, so that a later import replaces an earlier one.

    Args:
        index: that the object is about.
        name: of the object among those of the index.
    """
    return f"es-jina-{index}-{name}"


def saved_object(
    kind: Kind,
    id_: str,
    attributes: dict[str, Any],
    references: Sequence[dict[str, str]] = (),
) -> SavedObject:
    """Return an object as Kibana exports and imports it.

    Args:
        kind: Kibana's type.
        id_: of the object.
        attributes: of its type.
        references: to other objects; what is not among them is not checked, nor renamed where
            Kibana gives an object another id.
    """
    return {
        "id": id_,
        "type": kind,
        "attributes": attributes,
        "references": list(references),
        "coreMigrationVersion": CORE_MIGRATION_VERSION,
        "typeMigrationVersion": TYPE_MIGRATION_VERSIONS[kind],
    }


def reference(name: str, kind: Kind, id_: str) -> dict[str, str]:
    """Return a reference, which the attributes call by its name."""
    return {"name": name, "type": kind, "id": id_}


def inner_json(told: object) -> str:
    """Return an attribute that Kibana keeps as JSON in a string."""
    return orjson.dumps(told).decode()
