"""Writes the sample and its truth: ``python -m es_jina.demo.make_sample [SAMPLE TRUTH]``.

The PDFs and the pictures are drawn. The texts are written by hand and are their own source, so a
folder elsewhere gets a copy of them. The truth, which lies beside the sample since all that lies
inside is ingested, follows from the same data: queries, judgements, and boxes of words and charts.
Needs the ``dev`` group: reportlab draws the PDFs.
"""

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from es_jina.demo.sample_source.coffee import COFFEE
from es_jina.demo.sample_source.cycling import CYCLING
from es_jina.demo.sample_source.decks import DECKS
from es_jina.demo.sample_source.heat_pump import HEAT_PUMP
from es_jina.demo.sample_source.judging import Unit, other_units, sheet_units
from es_jina.demo.sample_source.pages import report_pdf
from es_jina.demo.sample_source.pictures import PICTURES, picture_bytes
from es_jina.demo.sample_source.sheets.printing import Printed, print_deck
from es_jina.demo.sample_source.solar import SOLAR
from es_jina.demo.sample_source.truth_files import boxes, qrels, queries
from es_jina.demo.truth import TRUTH

SAMPLE = Path(__file__).parent / "sample"
REPORTS = (SOLAR, COFFEE, HEAT_PUMP, CYCLING)
TEXT_SUFFIXES = {".md", ".txt"}


def make_sample(folder: Path, truth: Path) -> None:
    """Writes every sample file into a folder, and what is true of them into another.

    Args:
        folder: where the files go; files of the same name are replaced.
        truth: where queries, judgements and boxes go.
    """
    printed = {deck.path: print_deck(deck) for deck in DECKS}
    contents = {report.path: report_pdf(report) for report in REPORTS}
    contents |= {path: picture_bytes(path) for path in PICTURES}
    contents |= {path: each.content for path, each in printed.items()}
    for path, content in contents.items():
        _write(folder / path, content)
    if folder.resolve() != SAMPLE:
        _copy_texts(folder)
    _write(truth / "queries.tsv", queries().encode())
    _write(truth / "qrels.txt", qrels(_units(folder, printed)).encode())
    _write(truth / "boxes.json", boxes(printed).encode())


def _units(folder: Path, printed: Mapping[str, Printed]) -> Sequence[Unit]:
    units = [*other_units(folder)]
    for deck in DECKS:
        units += sheet_units(deck, printed[deck.path].pages, folder / deck.path)
    return sorted(units, key=lambda unit: unit.id)


def _copy_texts(folder: Path) -> None:
    for text in SAMPLE.rglob("*"):
        if text.suffix in TEXT_SUFFIXES:
            copy = folder / text.relative_to(SAMPLE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(text, copy)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    make_sample(*(map(Path, sys.argv[1:3]) if len(sys.argv) > 2 else (SAMPLE, TRUTH)))
