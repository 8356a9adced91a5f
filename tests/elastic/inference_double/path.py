"""The small path language of the custom service: fields of objects, all items of lists."""

import re
from typing import Any

_FIELD = re.compile(r"\.([^.\[]+)(.*)", re.DOTALL)
_ITEMS = re.compile(r"\[\*\](.*)", re.DOTALL)


def extract(data: Any, path: str) -> Any:
    """Return what is at a path; lists stay nested in one another.

    Raises:
        ValueError: the path is none, or leads nowhere.
    """
    path = path.strip()
    if not path.startswith("$"):
        raise ValueError(f"Path [{path}] must start with a dollar sign ($)")
    return _walk(data, path[1:])


def _walk(data: Any, path: str) -> Any:
    if data is None or not path:
        return data
    if found := _FIELD.fullmatch(path):
        name, rest = found.groups()
        if not isinstance(data, dict):
            raise ValueError(
                f"Current path [{path}] matched the dot field pattern but the current "
                f"object is not a map, found invalid type [{type(data).__name__}]"
            )
        if data.get(name) is None:
            raise ValueError(f"Unable to find field [{name}] in map")
        return _walk(data[name], rest)
    if found := _ITEMS.fullmatch(path):
        if not isinstance(data, list):
            raise ValueError(
                f"Current path [{path}] matched the array field pattern but the "
                f"current object is not a list, found [{type(data).__name__}]"
            )
        walked = (_walk(item, found[1]) for item in data)
        return [item for item in walked if item is not None]
    raise ValueError(f"Invalid path received [{path}], unable to extract a field name.")
