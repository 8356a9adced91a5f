"""From prepared inputs to batches: rows of like length together, within a token budget."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from PIL.Image import Image as PilImage
from torch import Tensor

from es_jina.errors import CheckpointError
from es_jina.model.images import Patches, to_patches
from es_jina.model.jina_v4 import Batch, JinaV4, span_mask
from es_jina.model.positions import image_positions, text_positions
from es_jina.model.tokens import TextTokenizer

T = TypeVar("T")

# Padded tokens of one forward pass: about 1 GB of activations for the real model.
TOKEN_BUDGET = 8192


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One input, ready for the network.

    Attributes:
        input_ids: the token ids, image tokens expanded.
        adapter: the adapter that serves it.
        patches: the picture's patches, ``None`` for a text.
    """

    input_ids: list[int]
    adapter: str
    patches: Patches | None = None


class RowBuilder:
    """Makes rows for one model."""

    def __init__(self, model: JinaV4, tokenizer: TextTokenizer) -> None:
        """Bring a model and its tokenizer together.

        Raises:
            CheckpointError: they are not of one checkpoint.
        """
        vocabulary = model.config.text_config.vocab_size
        if len(tokenizer) > vocabulary:
            raise CheckpointError(
                f"{model.checkpoint.folder}: tokenizer.json has {len(tokenizer)} tokens, but "
                f"config.json {vocabulary}: they do not belong together"
            )
        if tokenizer.image_prompt.count(model.config.image_token_id) != 1:
            raise CheckpointError(
                f"{model.checkpoint.folder}: tokenizer.json does not write <|image_pad|> as "
                f"{model.config.image_token_id}, the image_token_id of config.json"
            )
        self.model = model
        self.tokenizer = tokenizer

    def text(self, text: str, prompt: str, adapter: str) -> Row:
        """Tokenise a text behind its prompt."""
        return Row(self.tokenizer.encode(prompt + text), adapter)

    def image(self, picture: PilImage, adapter: str, max_pixels: int | None) -> Row:
        """Cut a picture into patches and expand the image token of the prompt to match."""
        patches = to_patches(picture, self.model.settings.images, max_pixels)
        count = patches.height * patches.width // self.model.settings.images.merge**2
        image_token = self.model.config.image_token_id
        ids: list[int] = []
        for token in self.tokenizer.image_prompt:
            ids += [image_token] * count if token == image_token else [token]
        return Row(ids, adapter, patches)

    def batch(self, rows: Sequence[Row]) -> Batch:
        """Pad rows of one kind, all texts or all images, into one batch."""
        length = max(len(row.input_ids) for row in rows)
        ids = torch.zeros(len(rows), length, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for number, row in enumerate(rows):
            ids[number, : len(row.input_ids)] = torch.tensor(row.input_ids)
            mask[number, : len(row.input_ids)] = 1
        adapters = [row.adapter for row in rows]
        pictures = [row.patches for row in rows if row.patches is not None]
        if not pictures:
            positions = text_positions(length)[:, None].expand(-1, len(rows), -1)
            return Batch(ids, mask, positions, mask, adapters)
        config = self.model.config
        return Batch(
            ids,
            mask,
            self._image_positions(rows, length),
            span_mask(ids, config.vision_start_token_id, config.vision_end_token_id) * mask,
            adapters,
            torch.cat([picture.values for picture in pictures]),
            torch.tensor([[1, picture.height, picture.width] for picture in pictures]),
        )

    def _image_positions(self, rows: Sequence[Row], length: int) -> Tensor:
        merge = self.model.settings.images.merge
        image_token = self.model.config.image_token_id
        return torch.stack(
            [
                image_positions(
                    length,
                    row.input_ids.index(image_token),
                    row.patches.height // merge,
                    row.patches.width // merge,
                )
                for row in rows
                if row.patches is not None
            ],
            dim=1,
        )


def by_length(
    items: Sequence[T], length: Callable[[T], int], budget: int = TOKEN_BUDGET
) -> Iterator[list[T]]:
    """Yield groups, longest items first, whose padded size stays within a budget.

    A single item over the budget makes a group of its own.
    """
    group: list[T] = []
    for item in sorted(items, key=length, reverse=True):
        if group and length(group[0]) * (len(group) + 1) > budget:
            yield group
            group = []
        group.append(item)
    if group:
        yield group
