"""Writes the sample folder: ``python -m es_jina.demo.make_sample [FOLDER]``.

The PDFs and the pictures are drawn. The texts are written by hand and are their own source, so a
folder elsewhere gets a copy of them. Needs the ``dev`` group: reportlab draws the PDFs.
"""

import shutil
import sys
from pathlib import Path

from es_jina.demo.sample_source.coffee import COFFEE
from es_jina.demo.sample_source.cycling import CYCLING
from es_jina.demo.sample_source.heat_pump import HEAT_PUMP
from es_jina.demo.sample_source.pages import report_pdf
from es_jina.demo.sample_source.pictures import PICTURES, picture_bytes
from es_jina.demo.sample_source.solar import SOLAR

SAMPLE = Path(__file__).parent / "sample"
REPORTS = (SOLAR, COFFEE, HEAT_PUMP, CYCLING)
TEXT_SUFFIXES = {".md", ".txt"}


def make_sample(folder: Path) -> None:
    """Writes every sample file into a folder.

    Args:
        folder: where the files go; files of the same name are replaced.
    """
    for report in REPORTS:
        _write(folder / report.path, report_pdf(report))
    for path in PICTURES:
        _write(folder / path, picture_bytes(path))
    if folder.resolve() == SAMPLE:
        return
    for text in SAMPLE.rglob("*"):
        if text.suffix in TEXT_SUFFIXES:
            copy = folder / text.relative_to(SAMPLE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(text, copy)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    make_sample(Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE)
