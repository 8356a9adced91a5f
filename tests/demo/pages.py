"""Reads pages of the sample."""

from pathlib import Path

import numpy as np
import pypdfium2
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def page_texts(path: Path) -> list[str]:
    with pypdfium2.PdfDocument(path) as document:
        return [page.get_textpage().get_text_range() for page in document]


def pixels(path: Path, scale: float = 0.5) -> list[Pixels]:
    """Return the pages of a PDF at a scale, or a picture, half as wide for scales below 1."""
    if path.suffix != ".pdf":
        with Image.open(path) as image:
            return [np.asarray(image.convert("RGB").reduce(2 if scale < 1 else 1))]
    with pypdfium2.PdfDocument(path) as document:
        return [np.asarray(page.render(scale=scale).to_pil().convert("RGB")) for page in document]
