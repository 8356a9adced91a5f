"""Late chunking: a long text is read once, and each part of it gets a vector that knows the rest.

The vector of a span is the mean over the states of its own tokens, taken after the network has read
the whole text (Günther et al. 2024, arXiv 2409.04701). A text over the model's window is read in
windows that overlap; every token counts in the one window that shows it the most of what stands
before it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from es_jina.embedding import Vector
from es_jina.errors import ItemError
from es_jina.model.engine import Result
from es_jina.model.rows import Row, Span
from es_jina.model.tokens import MAX_TOKENS, TokenisedText

OVERLAP = MAX_TOKENS // 8


@dataclass(frozen=True, slots=True, eq=False)
class SpanResult:
    """What one span gave.

    Attributes:
        mean: float32 of shape (hidden,), not normalised.
        multi: float32 of shape (tokens of the span, 128), or ``None``.
        characters: int32 of shape (tokens of the span, 2), in the text without its prompt.
    """

    mean: Vector
    multi: Vector | None
    characters: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The tokens of one span that count in one window.

    Attributes:
        span: the number of the span.
        place: first token and the one behind the last, in the window's row.
    """

    span: int
    place: Span


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """One pass: its tokens behind the prompt, and the parts that count in it."""

    start: int
    end: int
    parts: list[_Part]


class LateChunks:
    """The windows of one text, and the spans in them."""

    def __init__(
        self,
        tokens: TokenisedText,
        length: int,
        prompt: str,
        adapter: str,
        spans: Sequence[Span],
        *,
        window: int = MAX_TOKENS,
        overlap: int = OVERLAP,
    ) -> None:
        """Plan the passes.

        Args:
            tokens: of the prompt and the text, with their characters.
            length: of the text, in characters.
            prompt: the prompt, which every window begins with.
            adapter: the adapter that serves it.
            spans: first character and the one behind the last of each part, in the text without its
                prompt.
            window: the most tokens of one pass.
            overlap: tokens of a window that only show what stands before the others.
        """
        if tokens.spans is None:
            raise ValueError("late chunking needs the characters of each token")
        self._starts, self._ends = np.maximum(tokens.spans - len(prompt), 0).T
        self._head = int(np.searchsorted(self._ends, 0, side="right"))
        places = {number: self._tokens_of(span) for number, span in enumerate(spans)}
        self.problems = {
            number: ItemError(
                f"the span {first}..{end} is not within the text of {length:,} characters: the "
                "first number must be below the second"
            )
            for number, (first, end) in enumerate(spans)
            if not 0 <= first < end <= length
        }
        self._places = {
            number: place for number, place in places.items() if number not in self.problems
        }
        self._windows = list(self._planned(window - self._head, overlap))
        self.rows = [
            Row(
                np.concatenate([tokens.ids[: self._head], tokens.ids[each.start : each.end]]),
                adapter,
                tuple(part.place for part in each.parts),
            )
            for each in self._windows
        ]

    def results(self, windows: Sequence[Result]) -> Iterator[tuple[int, SpanResult]]:
        """Yield (number, what it gave) for every span without a problem.

        Args:
            windows: what the rows gave, in their order.
        """
        found: dict[int, list[tuple[Span, Vector, Result]]] = {}
        for result, planned in zip(windows, self._windows, strict=True):
            for part, mean in zip(planned.parts, result.means, strict=True):
                found.setdefault(part.span, []).append((part.place, mean, result))
        for number, (first, end) in self._places.items():
            mine = found[number]
            sizes = [last - start for (start, last), _, _ in mine]
            mean = np.average([mean for _, mean, _ in mine], axis=0, weights=sizes)
            yield (
                number,
                SpanResult(
                    mean.astype(np.float32),
                    _joined([(place, result.multi) for place, _, result in mine]),
                    np.stack([self._starts[first:end], self._ends[first:end]], axis=1),
                ),
            )

    def _tokens_of(self, span: Span) -> Span:
        """Return the range of tokens that have a character in the span."""
        first = int(np.searchsorted(self._ends, span[0], side="right"))
        return max(first, self._head), int(np.searchsorted(self._starts, span[1], side="left"))

    def _planned(self, size: int, overlap: int) -> Iterator[_Window]:
        """Yield windows of `size` tokens; in all but the first, the overlap does not count."""
        count, start, counted = len(self._ends), self._head, self._head
        while counted < count:
            end = min(count, start + size)
            shift = self._head - start
            parts = [
                _Part(number, (max(first, counted) + shift, min(last, end) + shift))
                for number, (first, last) in self._places.items()
                if max(first, counted) < min(last, end)
            ]
            if parts:
                yield _Window(start, end, parts)
            start, counted = end - overlap, end


def _joined(parts: Sequence[tuple[Span, Vector | None]]) -> Vector | None:
    vectors = [multi[first:end] for (first, end), multi in parts if multi is not None]
    return np.concatenate(vectors) if vectors else None
