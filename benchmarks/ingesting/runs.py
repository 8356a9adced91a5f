"""Whole runs of the ingest engine against themselves; rows of benchmarks/ingest.py.

The provider answers at once with vectors made before, so that only the engine is measured. A run
whose peak memory is measured has a process of its own:

    cd benchmarks && python -m ingesting.runs URL INDEX FOLDER
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
from elasticsearch import Elasticsearch
from reportlab.pdfgen.canvas import Canvas
from shared.provider import AtOnce

from es_jina.dense import dense_profiles
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import Cluster
from es_jina.elastic.setup import set_up
from es_jina.embedding import Embedding
from es_jina.ingest.report import Report
from es_jina.ingest.run import Ingest
from es_jina.ingest.targets import Setting, Targets
from es_jina.profile import IndexProfile
from es_jina.providers.base import ModelInfo
from es_jina.providers.tokenizers import EstimatedTokens

BENCHMARKS = Path(__file__).parent.parent
DIMS = 1024
INFO = ModelInfo("bench", "bench", (DIMS,), 128, 602_112)
PROFILE = IndexProfile("bench", "bench", dense_profiles(DIMS), None, INFO.max_pixels)
FILES, FEW, MANY, PAGES = 10_000, 1_000, 50_000, 5_000
ANSWER = Embedding(np.eye(1, DIMS, dtype=np.float32)[0], None, 1)
# The node's first ones are slower: Java compiles what is asked of it often.
ROUNDS = 5


class Runs:
    """Runs over folders, each into an index of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.client = Cluster(url).connect()
        self._capabilities = Capabilities.detect(self.client)

    def new_index(self, name: str) -> str:
        """Create an index."""
        set_up(self.client, name, PROFILE, self._capabilities)
        return name

    def run(self, index: str, folder: Path) -> Report:
        """Ingest a folder in this process."""
        provider = AtOnce(INFO, lambda _: ANSWER)
        ingest = Ingest(
            self.client,
            index,
            PROFILE,
            self._capabilities,
            open_provider=lambda: provider,
            open_tokenizer=EstimatedTokens,
        )
        with tempfile.TemporaryDirectory() as scratch:
            return ingest.run(Targets([str(folder)], Setting(self.client, Path(scratch))))

    def peak(self, index: str, folder: Path) -> float:
        """Ingest a folder in a process of its own; return its peak memory in MB."""
        command = self.command(index, folder)
        told = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, check=True, text=True)
        return float(told.stdout)

    def command(self, index: str, folder: Path) -> list[str]:
        """Return what ingests a folder in a process of its own and prints its peak memory."""
        return [sys.executable, "-m", "ingesting.runs", self._url, index, str(folder)]


def notes(folder: Path, count: int) -> Path:
    """Write so many small texts, a thousand in each folder."""
    for number in range(count):
        path = folder / f"{number // 1000:03}" / f"note-{number:06}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# Note {number}\n\nWhat was said on day {number}. " + "And more. " * 20)
    return folder


def again(runs: Runs, folder: Path) -> None:
    """Print the time of a second run over unchanged files, in rounds that each begin anew."""
    notes(folder, FILES)
    firsts, seconds = [], []
    for number in range(ROUNDS):
        index = runs.new_index(f"again-{number}")
        firsts.append(runs.run(index, folder))
        seconds.append(runs.run(index, folder))
    first, second = (_median_seconds(reports) for reports in (firsts, seconds))
    rounds = ", ".join(f"{report.seconds:.2f}" for report in seconds)
    embedded, calls = (
        sum(getattr(each, name) for each in seconds) for name in ("embedded", "calls")
    )
    print(f"  first run over {FILES:,} files {first:6.2f} s, {firsts[0].embedded} units")
    print(f"  second    {second:6.2f} s ({rounds}), {embedded} units, {calls} calls")
    print(f"  {second / first:.1%} of the first run's time")


def _median_seconds(reports: Sequence[Report]) -> float:
    return median(report.seconds for report in reports)


def memory(runs: Runs, folder: Path) -> None:
    """Print the peak memory of a small and a large run."""
    few = runs.peak(runs.new_index("few"), notes(folder / "few", FEW))
    many = runs.peak(runs.new_index("many"), notes(folder / "many", MANY))
    print(f"  peak with {FEW:,} documents {few:5.0f} MB, with {MANY:,} {many:5.0f} MB")
    print(f"  {many - few:+.0f} MB")


def long_pdf(runs: Runs, folder: Path) -> None:
    """Print when the first page of a long PDF is found, and the memory of the run."""
    folder.mkdir(exist_ok=True)
    short, long = (_pdf(folder / name, pages) for name, pages in (("a", 500), ("b", PAGES)))
    low = runs.peak(runs.new_index("short"), short)
    index = runs.new_index("long")
    start = time.perf_counter()
    command = runs.command(index, long)
    with subprocess.Popen(command, cwd=BENCHMARKS, stdout=subprocess.PIPE, text=True) as process:
        while not _found(runs.client, index):
            time.sleep(0.1)
        first = time.perf_counter() - start
        told, _ = process.communicate()
    seconds = time.perf_counter() - start
    print(f"  first of {PAGES:,} pages found after {first:.1f} s; all in {seconds:.0f} s, ", end="")
    print(f"{PAGES / seconds:.1f} pages/s")
    print(f"  peak with 500 pages {low:5.0f} MB, with {PAGES:,} {float(told):5.0f} MB")


def _found(client: Elasticsearch, index: str) -> bool:
    return bool(
        client.search(index=index, size=1, query={"match": {"text": "page"}})["hits"]["hits"]
    )


def _pdf(folder: Path, pages: int) -> Path:
    folder.mkdir(exist_ok=True)
    canvas = Canvas(str(folder / "long.pdf"))
    for page in range(pages):
        for line in range(40):
            canvas.drawString(60, 780 - 18 * line, f"Line {line} of page {page}: what was said.")
        canvas.showPage()
    canvas.save()
    return folder


def main(url: str, index: str, folder: str) -> None:
    """Run, and print the peak memory of this process and of its largest renderer, in MB."""
    Runs(url).run(index, Path(folder))
    renderer = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print((_peak() + renderer) / 1024)


def _peak() -> int:
    """Return this process's peak in KB; what getrusage tells may be that of who started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (peak,) = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(peak)


if __name__ == "__main__":
    main(*sys.argv[1:])
