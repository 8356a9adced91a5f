"""From inputs to rows, and from rows to packed batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL.Image import Image as PilImage

from es_jina.embedding import PatchGrid, TokenSpans
from es_jina.errors import CheckpointError, ItemError
from es_jina.inputs import Task
from es_jina.model.batching import Cost
from es_jina.model.images import Patches, fitted_size, to_patches
from es_jina.model.jina_v4 import Batch, JinaV4
from es_jina.model.positions import image_positions, text_positions
from es_jina.model.tokens import TextTokenizer, TokenisedText

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One input, ready for the network.

    Attributes:
        input_ids: the token ids, image tokens expanded.
        adapter: the adapter that serves it.
        pools: first token and the one behind the last of each mean that is wanted.
        layout: what the tokens stand for, where that is wanted.
        patches: the picture's patches, ``None`` for a text.
        truncated: whether the end of a text was cut off.
    """

    input_ids: NDArray[np.int64]
    adapter: str
    pools: tuple[Span, ...]
    layout: TokenSpans | PatchGrid | None = None
    patches: Patches | None = None
    truncated: bool = False


class RowBuilder:
    """Makes rows and batches for one model."""

    def __init__(self, model: JinaV4, tokenizer: TextTokenizer) -> None:
        """Bring a model and its tokenizer together.

        Raises:
            CheckpointError: they are not of one checkpoint.
        """
        config, folder = model.config, model.checkpoint.folder
        if len(tokenizer) > config.text_config.vocab_size:
            raise CheckpointError(
                f"{folder}: tokenizer.json has {len(tokenizer)} tokens, but config.json "
                f"{config.text_config.vocab_size}: they do not belong together"
            )
        if tokenizer.image_prompt.count(config.image_token_id) != 1:
            raise CheckpointError(
                f"{folder}: tokenizer.json does not write <|image_pad|> as "
                f"{config.image_token_id}, the image_token_id of config.json"
            )
        self.tokenizer = tokenizer
        self.spec = model.settings.images
        self._on_gpu = model.device.type == "cuda"
        self._fills = model.device.type == "cpu" and model.dtype != torch.float32
        first = tokenizer.image_prompt.index(config.image_token_id)
        self._before = tokenizer.image_prompt[:first]
        self._image_token = config.image_token_id
        self._behind = tokenizer.image_prompt[first + 1 :]

    def texts(
        self, texts: Sequence[tuple[str, Task]], *, spans: bool, truncate: bool
    ) -> Iterator[Row | ItemError]:
        """Yield the row of each text behind the prompt of its task, or why it has none."""
        prompted = [task.prompt + text for text, task in texts]
        encoded = self.tokenizer.encode(prompted, spans=spans, truncate=truncate)
        for tokens, (_, task) in zip(encoded, texts, strict=True):
            yield tokens if isinstance(tokens, ItemError) else _text_row(tokens, task)

    def image_cost(self, size: Span, max_pixels: int | None) -> Cost:
        """Return what the row of a picture of (width, height) pixels takes.

        Raises:
            ItemError: one side is more than 200 times the other.
        """
        width, height = fitted_size(*size, self.spec, max_pixels)
        patches = width * height // self.spec.patch**2
        tokens = patches // self.spec.merge**2 + len(self._before) + len(self._behind)
        return Cost(tokens, patches)

    def image(self, picture: PilImage, adapter: str, max_pixels: int | None) -> Row:
        """Cut a picture into patches and expand the image token of the prompt to match."""
        patches = to_patches(picture, self.spec, max_pixels)
        height, width = patches.height // self.spec.merge, patches.width // self.spec.merge
        first, count = len(self._before), height * width
        ids = np.array([*self._before, *[self._image_token] * count, *self._behind], np.int64)
        # The mean is over the image tokens and the two that bracket them.
        pool = (first - 1, first + count + 1)
        return Row(ids, adapter, (pool,), PatchGrid(first, height, width), patches)

    def batch(self, rows: Sequence[Row]) -> Batch:
        """Lay rows end to end."""
        pictures = [row.patches for row in rows if row.patches is not None]
        if self._fills:
            rows = [*rows, *_filler_row(rows)]
            pictures += self._filler_picture(pictures)
        starts = np.cumsum([0, *(len(row.input_ids) for row in rows)])
        batch = Batch(
            input_ids=torch.from_numpy(np.concatenate([row.input_ids for row in rows])),
            position_ids=torch.cat([_positions(row) for row in rows], dim=1),
            lengths=[len(row.input_ids) for row in rows],
            adapters=[row.adapter for row in rows],
            pools=[
                (int(start) + first, int(start) + end)
                for row, start in zip(rows, starts, strict=False)
                for first, end in row.pools
            ],
            pixels=torch.cat([each.pixels for each in pictures]) if pictures else None,
            grids=[(each.height, each.width) for each in pictures],
        )
        return _pinned(batch) if self._on_gpu else batch

    def _filler_picture(self, pictures: Sequence[Patches]) -> list[Patches]:
        """Return a black strip that fills the patches up to a usual number."""
        merge, numbers = self.spec.merge, 3 * self.spec.patch**2
        merged = sum(len(each.pixels) for each in pictures) // merge**2
        missing = usual_size(merged) - merged
        if not missing:
            return []
        pixels = torch.zeros(missing * merge**2, numbers, dtype=torch.uint8)
        return [Patches(pixels, merge, missing * merge)]


def usual_size(count: int) -> int:
    """Return the next of eight sizes in each octave.

    On a CPU oneDNN makes code for each number of rows that it multiplies in half precision, and
    never lets go of all of it: a batch of any size would have it grow without end.
    """
    step = max(8, (1 << count.bit_length()) // 16)
    return -(-count // step) * step


def _filler_row(rows: Sequence[Row]) -> list[Row]:
    """Return a row that nobody asked for, which fills the tokens up to a usual number."""
    count = sum(len(row.input_ids) for row in rows)
    missing = usual_size(count) - count
    return [Row(np.zeros(missing, np.int64), rows[-1].adapter, ())] if missing else []


def _text_row(tokens: TokenisedText, task: Task) -> Row:
    layout = None
    if tokens.spans is not None:
        layout = TokenSpans(np.maximum(tokens.spans - len(task.prompt), 0).astype(np.int32))
    pool = (0, len(tokens.ids))
    return Row(tokens.ids, task.adapter, (pool,), layout, truncated=tokens.truncated)


def _positions(row: Row) -> torch.Tensor:
    length = len(row.input_ids)
    if isinstance(row.layout, PatchGrid):
        return image_positions(length, row.layout.first, row.layout.height, row.layout.width)
    return text_positions(length)


def _pinned(batch: Batch) -> Batch:
    """Move a batch to memory that a GPU copies from while it computes."""
    pixels = batch.pixels
    return replace(
        batch,
        input_ids=batch.input_ids.pin_memory(),
        position_ids=batch.position_ids.pin_memory(),
        pixels=None if pixels is None else pixels.pin_memory(),
    )
