"""A number of bytes of what was made, the least recently used out first."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Kept(Generic[V]):
    """Keeps values by their keys; for one event loop."""

    def __init__(self, most: int) -> None:
        """Prepare.

        Args:
            most: bytes of all that is kept.
        """
        self._most = most
        self._held = 0
        self._values: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()

    def get(self, key: Hashable) -> V | None:
        """Return what is kept; ``None`` for nothing."""
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key][0]

    def put(self, key: Hashable, value: V, size: int) -> None:
        """Keep a value of so many bytes, unless that is more than may be kept at all."""
        if size > self._most:
            return
        self._held += size - self._values.pop(key, (value, 0))[1]
        self._values[key] = value, size
        while self._held > self._most:
            _, (_, freed) = self._values.popitem(last=False)
            self._held -= freed
