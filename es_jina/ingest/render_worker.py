"""What runs in the renderer's processes: one task at a time, on one thread.

Neither torch nor a web client is imported here: a worker starts in a moment and stays small.
"""

import contextlib
import multiprocessing
import os
import resource
import signal
import threading
import warnings
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from es_jina.errors import ItemError, first_line
from es_jina.ingest.frames import Frames
from es_jina.ingest.pdf import Pdf, PdfInfo, PixelBuffer
from es_jina.ingest.preview import Preview, as_jpeg, as_png

T = TypeVar("T")
D = TypeVar("D", Pdf, Frames)
Size = tuple[int, int]

# A document's parts stay in memory once they were used: past this it is closed, and opened again
# by the next task. A file of 5,000 pages takes no more than one of 50.
_MOST_CACHED = 128 * 2**20
_LOW_PRIORITY = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """What a worker is told at its start.

    Attributes:
        max_pixels: the pixel budget of a picture.
        megabytes: what one task may take.
        buffer: shared with the parent; pictures are drawn into it.
    """

    max_pixels: int
    megabytes: int
    buffer: PixelBuffer


class OutOfMemoryError(Exception):
    """A task wanted more memory than it may have; the parent finds words for it."""


class _Opened:
    """The last file, which the next task most likely wants again."""

    def __init__(self) -> None:
        self._key: object = None
        self._document: Pdf | Frames | None = None
        self._before = 0

    def get(self, path: Path, kind: type[D]) -> D:
        """Open a file, or return it where it is open and has not changed.

        Raises:
            ItemError: it cannot be opened.
        """
        try:
            stat = path.stat()
        except OSError as error:
            raise ItemError(f"cannot be read: {error.strerror}") from error
        key = (path, stat.st_size, stat.st_mtime_ns, stat.st_ino)
        if self._key == key and isinstance(self._document, kind):
            return self._document
        self.close()
        self._before = _memory()[1]
        document = kind(path)
        self._key, self._document = key, document
        return document

    def trim(self) -> None:
        """Close the file where it has come to hold much memory."""
        if _memory()[1] - self._before > _MOST_CACHED:
            self.close()

    def close(self) -> None:
        document, self._document = self._document, None
        if document is not None:
            document.close()


_opened = _Opened()
_settings: Settings


def start(settings: Settings) -> None:
    """Prepare the worker; called once in it."""
    global _settings  # noqa: PLW0603 - the pool offers a worker no other place to keep it
    _settings = settings
    _be_silent()
    # Python's handlers wait for the end of a call into PDFium; the kernel's own does not.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    warnings.simplefilter("ignore")
    threading.Thread(target=_end_with_parent, name="es-jina-orphan", daemon=True).start()


def perform(task: Callable[..., T], *arguments: object) -> T:
    """Run one of the tasks below within the memory it may have.

    Raises:
        ItemError: the file or the page is damaged.
        OutOfMemoryError: the task wanted more.
    """
    _limit_memory(_settings.megabytes)
    try:
        return task(*arguments)
    except ItemError as error:
        if isinstance(error.__cause__, MemoryError):
            raise OutOfMemoryError from None
        raise ItemError(str(error)) from None
    except MemoryError:
        raise OutOfMemoryError from None
    except Exception as error:  # nothing that a file holds may end a run
        raise ItemError(f"cannot be rendered: {first_line(error)}") from None
    finally:
        _opened.trim()


def inspect(path: Path) -> PdfInfo:
    """Return what a PDF says of itself."""
    return _opened.get(path, Pdf).info


def page(path: Path, index: int) -> tuple[Size, str]:
    """Draw a page into the buffer; return its size and its text layer."""
    pdf = _opened.get(path, Pdf)
    return pdf.draw(index, _settings.max_pixels, _settings.buffer)


def texts(path: Path, first: int, last: int) -> list[str]:
    """Return the text layers of the pages from `first` to before `last`, counted from 0."""
    pdf = _opened.get(path, Pdf)
    return [pdf.text(index) for index in range(first, last)]


def frames(path: Path) -> int:
    """Return how many pages a TIFF has."""
    return _opened.get(path, Frames).count


def frame(path: Path, index: int) -> Size:
    """Write the pixels of a TIFF's page into the buffer, as RGB; return its size."""
    picture = _opened.get(path, Frames).frame(index, _settings.max_pixels)
    pixels = picture.tobytes()
    memoryview(_settings.buffer).cast("B")[: len(pixels)] = pixels
    return picture.size


def page_preview(path: Path, index: int, side: int) -> Preview:
    """Draw a page of a PDF for people to look at."""
    _give_way()
    return as_jpeg(_opened.get(path, Pdf).small(index, side))


def frame_preview(path: Path, index: int, side: int) -> Preview:
    """Draw a picture, or a page of a TIFF, for people to look at."""
    _give_way()
    # Not the one that is open: of that, no other frame could be decoded any more.
    with closing(Frames(path)) as frames:
        return as_jpeg(frames.small(index, side))


def whole_page(path: Path, index: int, max_pixels: int) -> Preview:
    """Draw a page of a PDF as the model is shown it."""
    return as_png(_opened.get(path, Pdf).page(index, max_pixels).picture)


def whole_frame(path: Path, index: int, max_pixels: int) -> Preview:
    """Decode a page of a TIFF as the model is shown it."""
    return as_png(_opened.get(path, Frames).frame(index, max_pixels))


def _give_way() -> None:
    """Let others of this machine go first: queries, above all."""
    os.setpriority(os.PRIO_PROCESS, 0, max(_LOW_PRIORITY, os.getpriority(os.PRIO_PROCESS, 0)))


def _be_silent() -> None:
    """Let nothing that a library writes of a broken file reach the user's terminal or pipes."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.close(nothing)
    # Nor fill a disk with the memory of a worker that crashed.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _end_with_parent() -> None:
    """End this process, inside a long call as well, when the parent is gone in whatever way."""
    parent = multiprocessing.parent_process()
    while parent is not None and os.getppid() == parent.pid:
        parent.join(1.0)
    os._exit(1)


def _limit_memory(megabytes: int) -> None:
    """Allow that much on top of what the process has now.

    Linux alone counts address space in a way that can be limited; macOS ignores the limit, so there
    the time limit is the only one.
    """
    used = _memory()[0]
    if used:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = used + megabytes * 2**20
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _memory() -> tuple[int, int]:
    """Return the address space and the resident memory in bytes; zeros where nobody tells."""
    try:
        fields = Path("/proc/self/statm").read_text("ascii").split()
    except OSError:
        return 0, 0
    size = resource.getpagesize()
    return int(fields[0]) * size, int(fields[1]) * size
