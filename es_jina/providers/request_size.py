"""What goes into one request: estimates on the safe side, learned from answers and refusals."""

import math
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Sequence
from typing import Protocol

from es_jina.providers.payload import MAX_IMAGE_BYTES, PROMPT_TOKENS, Item
from es_jina.providers.too_large import most_items
from es_jina.providers.usage import MAX_ITEMS, MAX_TOKENS

# Base64 of a vector of 128 float32 for each token of a multi-vector, and of one of 2048.
REPLY_BYTES_PER_TOKEN, REPLY_BYTES_PER_ITEM = 700, 11_000
# Plain numbers are four times as long.
PLAIN_FACTOR = 4
MAX_REPLY_BYTES = 32_000_000

# What a refusal leaves of what was in the refused request, and an answer gives back of it.
_LESS, _MORE = 0.7, 1.02


class Scale(Protocol):
    """Knows what items count."""

    def tokens(self, item: Item) -> int:
        """Return what an item will count, more or less."""
        ...

    def most(self, item: Item) -> int:
        """Return what an item will not exceed, as far as anybody knows."""
        ...

    def learn(self, batch: Sequence[Item], counted: int) -> None:
        """Learn from what the API counted for a request."""
        ...


class TokenScale:
    """How many tokens the API counts where we estimate one; sooner raised than lowered."""

    def __init__(self, billed_per_tile: int) -> None:
        self.text, self.tile = 1.0, float(billed_per_tile)
        # Of what a text, and a tile, can count at most.
        self._most_text, self._most_tile = self.text, self.tile
        self._billed_per_tile = billed_per_tile

    def tokens(self, item: Item) -> int:
        """Return what an item will count, more or less."""
        if _is_text(item):
            counted = math.ceil(self.text * item.tokens)
        else:
            counted = math.ceil(self.tile * item.tiles)
        return max(1, min(counted, self.most(item)))

    def most(self, item: Item) -> int:
        """Return what an item will not exceed, unless the API begins to count otherwise."""
        if _is_text(item):
            return math.ceil(self._most_text * _most_read(item))
        return math.ceil(self._most_tile * item.tiles) + PROMPT_TOKENS

    def learn(self, batch: Sequence[Item], counted: int) -> None:
        """Learn from what the API counted for a request of texts alone, or of images alone."""
        tiles = sum(item.tiles for item in batch)
        if not tiles:
            read = sum(item.tokens for item in batch)
            self.text = _follow(self.text, counted / read, read)
            self._most_text = max(self._most_text, counted / sum(map(_most_read, batch)))
        elif not any(item.text_bytes for item in batch):
            self.tile = _follow(self.tile, counted / tiles, self._billed_per_tile * tiles)
            self._most_tile = max(self._most_tile, counted / tiles)


class RequestSize:
    """How much one request may hold.

    Attributes:
        scale: of the tokens.
    """

    def __init__(self, scale: Scale, *, multi: bool, plain: bool, one_pass: bool = False) -> None:
        """Begin with the limits that the API is known by.

        Args:
            scale: of the tokens.
            multi: whether multi-vectors come back.
            plain: whether vectors come as plain numbers.
            one_pass: whether single vectors come in the same answer as multi-vectors.
        """
        self.scale = scale
        self._multi = multi
        self._plain = plain
        self._single = one_pass or not multi
        self._items = MAX_ITEMS
        self._tokens, self._bytes = float(MAX_TOKENS), float(MAX_IMAGE_BYTES)

    async def batches(
        self,
        items: AsyncIterable[Item],
        enough: Callable[[int], bool] = lambda tokens: False,
    ) -> AsyncGenerator[list[Item], None]:
        """Fill requests up to the limits; an item that is above one by itself goes alone.

        Args:
            items: in the order of the inputs.
            enough: whether a request of so many tokens is over other limits.
        """
        batch: list[Item] = []
        sums = no_sums = (0, 0, 0)
        async for item in items:
            sums = self._added(sums, item)
            tokens, image_bytes, reply_bytes = sums
            if batch and (
                len(batch) >= self._items
                or tokens >= self._tokens
                or image_bytes >= self._bytes
                or reply_bytes >= MAX_REPLY_BYTES
                or enough(tokens)
            ):
                yield batch
                batch, sums = [], self._added(no_sums, item)
            batch.append(item)
        if batch:
            yield batch

    def answered(self, batch: Sequence[Item]) -> None:
        """Learn that a request was not too large; a small one tells nothing."""
        if sum(map(self.scale.tokens, batch)) > self._tokens / 2:
            self._tokens = min(self._tokens * _MORE, MAX_TOKENS)
        if sum(item.image_bytes for item in batch) > self._bytes / 2:
            self._bytes = min(self._bytes * _MORE, MAX_IMAGE_BYTES)

    def refused(self, batch: Sequence[Item], status: int, said: str) -> None:
        """Learn from the refusal of a request of several items, which may be too large."""
        image_bytes = sum(item.image_bytes for item in batch)
        items = most_items(said)
        if items is not None:
            self._items = max(1, min(self._items, items))
        elif status == 413 and image_bytes > sum(item.text_bytes for item in batch):
            largest = max(item.image_bytes for item in batch)
            self._bytes = max(largest, _LESS * image_bytes)
        elif status == 413 or "token" in said.lower():
            self._tokens = max(1.0, _LESS * sum(map(self.scale.tokens, batch)))

    def parts(self, batch: Sequence[Item]) -> list[Sequence[Item]]:
        """Part a request of several items: into halves, or more where so many are too many."""
        most = min(self._items, math.ceil(len(batch) / 2))
        return [batch[at : at + most] for at in range(0, len(batch), most)]

    def _added(self, sums: tuple[int, int, int], item: Item) -> tuple[int, int, int]:
        """Add an item to tokens, bytes of images and bytes of the answer."""
        tokens, image_bytes, reply_bytes = sums
        return (
            tokens + self.scale.tokens(item),
            image_bytes + item.image_bytes,
            reply_bytes + self._reply_bytes(item),
        )

    def _reply_bytes(self, item: Item) -> int:
        """Return how long the answer for an item will be, more or less."""
        size = item.tokens * REPLY_BYTES_PER_TOKEN * self._multi
        size += REPLY_BYTES_PER_ITEM * self._single
        return size * PLAIN_FACTOR if self._plain else size


def _is_text(item: Item) -> bool:
    return item.text_bytes > 0 or not item.tiles


def _most_read(item: Item) -> int:
    """Return the tokens of a text at most: none of them is less than a byte."""
    return item.text_bytes + PROMPT_TOKENS


def _follow(scale: float, seen: float, tokens: int) -> float:
    """Return a scale that is never below what was seen last; a full request sinks it halfway."""
    weight = min(0.5, tokens / MAX_TOKENS)
    return max(seen, (1 - weight) * scale + weight * seen)
