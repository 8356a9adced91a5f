"""PDF pages to pictures at the pixel budget: ours against pdf2image at 300 dpi, then resized.

    python benchmarks/pdf.py [pages]

Both sides render the same pages on this machine, alternating: a generated file with text, vector
graphics and pictures, and the sample's PDFs. Ours also reads the text layers. Prints pages a second
and the median ratio. Needs pdf2image, and poppler's programs (Debian: poppler-utils).
"""

import io
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from pdf2image import convert_from_path
from PIL import Image
from PIL.Image import Resampling
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from es_jina.demo.run import SAMPLE
from es_jina.ingest.render import Renderer
from es_jina.pictures import scale_to_budget

# The model's own budget: 768 tokens of 28 x 28 pixels.
BUDGET = 602_112
ROUNDS, PAGES, DPI = 3, 120, 300
MISSING = "pdf2image needs poppler: apt-get install poppler-utils, or brew install poppler"
WORDS = [
    "heat",
    "pump",
    "ice",
    "fan",
    "filter",
    "coffee",
    "harvest",
    "price",
    "road",
    "bicycle",
    "lane",
    "tide",
    "meter",
    "roof",
]


@dataclass(frozen=True, slots=True)
class Rates:
    """What was measured.

    Attributes:
        ours: pages a second, the median of all rounds.
        theirs: the same of pdf2image.
        ratio: the median of the rounds' ratios.
    """

    ours: float
    theirs: float
    ratio: float


def mixed_pdf(path: Path, pages: int) -> Path:
    """Write a PDF whose pages are, by turns, text, a chart with text, and pictures with text."""
    rng = random.Random(0)
    canvas = Canvas(str(path), pagesize=A4)
    pictures = [_picture(number) for number in range(6)]
    for number in range(pages):
        kind = number % 3
        _text(canvas, rng, 780, lines=55 if kind == 0 else 22)
        if kind == 1:
            _chart(canvas, rng)
        elif kind == 2:
            for place in range(2):
                image = pictures[(number + place) % len(pictures)]
                canvas.drawImage(image, 60 + 240 * place, 120, 225, 300)
        canvas.showPage()
    canvas.save()
    return path


def _text(canvas: Canvas, rng: random.Random, top: float, lines: int) -> None:
    canvas.setFont("Helvetica-Bold", 16)
    canvas.drawString(60, top, " ".join(rng.choices(WORDS, k=5)).title())
    canvas.setFont("Times-Roman", 10)
    for line in range(lines):
        canvas.drawString(60, top - 24 - 13 * line, " ".join(rng.choices(WORDS, k=14)))


def _chart(canvas: Canvas, rng: random.Random) -> None:
    for bar in range(24):
        canvas.setFillColorRGB(rng.random(), rng.random(), rng.random())
        canvas.rect(60 + 20 * bar, 120, 15, rng.uniform(20, 280), fill=1)
    for _ in range(4):
        path = canvas.beginPath()
        path.moveTo(60, 120)
        for step in range(200):
            path.lineTo(60 + 2.4 * step, 120 + rng.uniform(0, 280))
        canvas.drawPath(path)


def _picture(seed: int) -> ImageReader:
    """Return a photo-like JPEG of 900 x 1200 pixels."""
    drawn = Image.merge("RGB", [Image.effect_noise((900, 1200), 20 + 15 * seed)] * 3)
    buffer = io.BytesIO()
    drawn.save(buffer, "JPEG", quality=85)
    return ImageReader(buffer)


def ours(renderer: Renderer, files: Sequence[Path], counts: Sequence[int]) -> int:
    """Render every page as the ingester does; return how many there were."""
    futures = [
        renderer.page(path, index)
        for path, count in zip(files, counts, strict=True)
        for index in range(count)
    ]
    return sum(future.result().picture.width > 0 for future in futures)


def theirs(files: Sequence[Path]) -> int:
    """Render every page as pdf2image's documentation shows, then scale it to the budget."""
    done = 0
    for path in files:
        for picture in convert_from_path(path, dpi=DPI, thread_count=2):
            size = scale_to_budget(*picture.size, BUDGET)
            done += picture.resize(size, Resampling.BICUBIC).width > 0
    return done


def measure(pages: int = PAGES, rounds: int = ROUNDS) -> Rates:
    """Measure both sides by turns.

    Args:
        pages: of the generated file.
        rounds: of each side.
    """
    rates: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory(prefix="es-jina-bench-") as folder, Renderer(BUDGET) as pool:
        files = [mixed_pdf(Path(folder) / "mixed.pdf", pages), *sorted(SAMPLE.rglob("*.pdf"))]
        counts = [pool.inspect(path).result().pages for path in files]
        ours(pool, files, counts)  # starts the workers
        for _ in range(rounds):
            start = time.perf_counter()
            assert ours(pool, files, counts) == sum(counts)
            middle = time.perf_counter()
            assert theirs(files) == sum(counts)
            end = time.perf_counter()
            rates.append((sum(counts) / (middle - start), sum(counts) / (end - middle)))
    return Rates(
        median(ours for ours, _ in rates),
        median(theirs for _, theirs in rates),
        median(ours / theirs for ours, theirs in rates),
    )


def poppler_missing() -> bool:
    """Whether what pdf2image calls is not installed."""
    return shutil.which("pdftoppm") is None


def main() -> int:
    """Print the figures."""
    if poppler_missing():
        print(MISSING)
        return 2
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else PAGES)
    print(f"PDF pages: ours {found.ours:.1f}/s, pdf2image {found.theirs:.1f}/s")
    print(f"  ratio {found.ratio:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
