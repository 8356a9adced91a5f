"""CPU for page images until they are ready to be sent."""

import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import pdf
import pypdfium2
from PIL.Image import Image as PilImage
from PIL.Image import Resampling
from shared.report import machine, paragraph, progress, row, table
from shared.turns import costs_in_turns

from es_jina.inputs import Image
from es_jina.pictures import open_picture, scale_to_budget
from es_jina.providers.base import V4
from es_jina.providers.hosted_models import HostedModel, hosted_model
from es_jina.providers.payload import Item, prepared

PAGES, DPI, SAMPLE, LEVELS = 100, 150, 12, (1, 2, 3, 6, 9)
KINDS = ("text", "text and chart", "text and photos")


def measure(rounds: int) -> None:
    """Print the tables."""
    print(f"## Images\n\n{machine('pillow', 'pypdfium2')}.\n")
    progress("images: drawing pages")
    files = _pages()
    pages = [open_picture(Image(data)) for data in files]
    scaled = [_scaled(page) for page in pages]
    print(
        paragraph(
            f"{PAGES} pages of A4 at {DPI} dpi as PNG files, {pages[0].width} x "
            f"{pages[0].height} pixels: in turn text, text with a chart and text with photos. "
            f"They are scaled down to {V4.max_pixels:,} pixels and sent as PNG, which loses "
            f"nothing. CPU of this process; {rounds} rounds, alternating, medians."
        )
    )
    model = hosted_model(V4.name.rpartition("/")[2], server=False)
    steps: dict[str, Callable[[], object]] = {
        "all, as they are sent": lambda: [_sent(data, model) for data in files],
        "reading the files": lambda: [open_picture(Image(data)) for data in files],
        "scaling": lambda: [_scaled(page) for page in pages],
        "writing PNG": lambda: [_png(page, 1) for page in scaled],
    }
    costs = costs_in_turns({name: _work(step) for name, step in steps.items()}, rounds)
    print(table("step", f"CPU, s for {PAGES} pages"))
    for name, each in costs.items():
        print(row(name, f"{median(cost.cpu for cost in each):.2f}"))
    _print_levels(scaled[:SAMPLE], rounds)


def _print_levels(pages: Sequence[PilImage], rounds: int) -> None:
    """Print what a higher level of compression takes and saves."""
    print("\n### PNG by zlib's level\n")
    print("Milliseconds of CPU and KB for a page; Pillow's default is 6, ours 1.\n")
    print(table("pages", *(f"level {level}" for level in LEVELS)))
    for number, kind in enumerate(KINDS):
        print(row(kind, *_levels(pages[number :: len(KINDS)], rounds)))


def _levels(pages: Sequence[PilImage], rounds: int) -> Iterator[str]:
    """Yield the figures of each level."""
    works = {str(level): _work(partial(_written, pages, level)) for level in LEVELS}
    for level, costs in costs_in_turns(works, rounds).items():
        spent = median(cost.cpu for cost in costs) * 1000 / len(pages)
        size = _written(pages, int(level)) / len(pages) / 1000
        yield f"{spent:.1f} ms, {size:.0f} KB"


def _work(step: Callable[[], object]) -> Callable[[int], object]:
    return lambda _: step()


def _pages() -> list[bytes]:
    with tempfile.TemporaryDirectory(prefix="es-jina-bench-") as folder:
        path = pdf.mixed_pdf(Path(folder) / "mixed.pdf", PAGES)
        document = pypdfium2.PdfDocument(path)
        try:
            return [_png(page.render(scale=DPI / 72).to_pil(), 6) for page in document]
        finally:
            document.close()


def _sent(data: bytes, model: HostedModel) -> Item:
    item = prepared(0, Image(data), model, V4.max_pixels)
    assert isinstance(item, Item)
    return item


def _scaled(page: PilImage) -> PilImage:
    return page.resize(scale_to_budget(*page.size, V4.max_pixels), Resampling.BICUBIC)


def _png(page: PilImage, level: int) -> bytes:
    buffer = io.BytesIO()
    page.save(buffer, "PNG", compress_level=level)
    return buffer.getvalue()


def _written(pages: Sequence[PilImage], level: int) -> int:
    return sum(len(_png(page, level)) for page in pages)
