"""Bulk requests, ready to be sent."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """Actions that go together, no two of them with one id.

    Attributes:
        ids: of the actions.
        sizes: of each one's lines, bytes.
        body: the lines of all.
    """

    ids: Sequence[str]
    sizes: Sequence[int]
    body: bytes

    @classmethod
    def of(cls, lines: dict[str, bytes]) -> Self:
        """Join the lines of each id."""
        return cls([*lines], [*map(len, lines.values())], b"".join(lines.values()))

    def only(self, ids: Iterable[str]) -> "BulkRequest":
        """Return the part with these ids, in the order of the whole."""
        kept = frozenset(ids)
        return BulkRequest.of({ident: lines for ident, lines in self._each() if ident in kept})

    def pieces(self, most: int) -> Iterator["BulkRequest"]:
        """Split into requests of at most so many bytes, or of one action."""
        return grouped(self._each(), lambda: most, len(self.ids))

    def _each(self) -> Iterator[tuple[str, bytes]]:
        start = 0
        for ident, size in zip(self.ids, self.sizes, strict=True):
            yield ident, self.body[start : start + size]
            start += size


def grouped(
    lines: Iterable[tuple[str, bytes]], most_bytes: Callable[[], int], most_actions: int
) -> Iterator[BulkRequest]:
    """Put actions together into requests, in their order.

    Args:
        lines: the id and the lines of each action.
        most_bytes: says what a request may hold now; one larger action goes alone.
        most_actions: of one request.
    """
    group: dict[str, bytes] = {}
    size = 0
    for ident, its_lines in lines:
        full = size + len(its_lines) > most_bytes() or len(group) == most_actions
        if ident in group or (group and full):
            yield BulkRequest.of(group)
            group, size = {}, 0
        group[ident] = its_lines
        size += len(its_lines)
    if group:
        yield BulkRequest.of(group)
