"""What a run would have embedded, as a preview counts it before anything is rendered."""

import math
from dataclasses import dataclass, field

from es_jina.errors import ItemError
from es_jina.ingest.units import Unit
from es_jina.inputs import Image
from es_jina.pictures import picture_size, scale_to_budget


@dataclass(slots=True)
class Expected:
    """The size of what would be embedded.

    Attributes:
        max_pixels: the pixel budget of a picture.
        tile: the side in pixels of the squares that a picture is counted in.
        texts: how many.
        text_tokens: of all of them, prompts among them.
        pictures: how many, pages among them.
        tiles: of all of them; rather too many where a picture's size is not known yet.
    """

    max_pixels: int
    tile: int = 28
    texts: int = 0
    text_tokens: int = 0
    pictures: int = 0
    tiles: int = 0
    _most: int = field(init=False)

    def __post_init__(self) -> None:
        # Of a picture that fills the budget, those at its edges are begun.
        self._most = math.ceil((math.sqrt(self.max_pixels) / self.tile + 1) ** 2)

    def add(self, unit: Unit) -> None:
        """Count a unit."""
        if unit.kind == "text":
            self.texts += 1
            self.text_tokens += unit.tokens
        else:
            self.pictures += 1
            self.tiles += self._tiles(unit)

    def _tiles(self, unit: Unit) -> int:
        """Return a picture's tiles: by its header, or at most for a page, which is rendered."""
        image = unit.source.image
        if unit.page is not None or image is None:
            return self._most
        try:
            width, height = scale_to_budget(*picture_size(Image(image)), self.max_pixels)
        except ItemError:
            return self._most
        return math.ceil(width / self.tile) * math.ceil(height / self.tile)
