"""Pages of PDFs and TIFFs, rendered in other processes that can be cut off.

::

    Renderer ── ThreadPoolExecutor, a thread for each worker
                  └── Slot ── pebble.ProcessPool of one worker, and memory that both share

Each worker has a pool of its own. Workers of one pool would share a pipe and its lock, and one that
is killed while it holds them takes the others along.
"""

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Self, TypeVar

from pebble import ProcessExpired
from PIL.Image import Image as PilImage

from es_jina.errors import ItemError
from es_jina.ingest import render_worker
from es_jina.ingest.pdf import Page, PdfInfo, PixelBuffer, to_picture
from es_jina.ingest.preview import Preview
from es_jina.ingest.render_process import Slot
from es_jina.ingest.render_worker import OutOfMemoryError

T = TypeVar("T")
R = TypeVar("R")

# How PDFium ends when an allocation fails.
_NO_MEMORY = -signal.SIGABRT
_OPENING = "opening it"


class CutOffError(ItemError):
    """A task took more than it may.

    Attributes:
        reason: without the option of ``es-jina ingest`` that allows more.
    """

    def __init__(self, reason: str, option: str) -> None:
        super().__init__(f"{reason}; raise {option}")
        self.reason = reason


class Renderer:
    """Renders pages in a pool of processes; the pool starts with the first task.

    Every task returns a future. Its result is the value, or :class:`ItemError` for whatever went
    wrong with that one: damaged, too slow, too large, crashed. What is not done when the renderer
    is closed is cancelled. A failure of one task harms no other.
    """

    def __init__(
        self,
        max_pixels: int,
        *,
        workers: int | None = None,
        seconds: float = 30.0,
        megabytes: int = 1024,
    ) -> None:
        """Prepare.

        Args:
            max_pixels: the pixel budget of a picture.
            workers: processes; by default one for each CPU that may be used.
            seconds: what a task may take from when a worker begins it.
            megabytes: the memory that a task may take; not kept to on macOS.
        """
        self._settings = (max_pixels, megabytes)
        self._seconds = seconds
        self._slots: list[Slot] = []
        self._here = threading.local()
        self._closed = False
        self._changing = threading.Lock()
        self._threads = ThreadPoolExecutor(workers or usable_cpus(), "es-jina-render")

    def inspect(self, path: Path) -> Future[PdfInfo]:
        """Open a PDF and look at what it is."""
        return self._submit(_OPENING, _value, render_worker.inspect, path)

    def page(self, path: Path, index: int) -> Future[Page]:
        """Render a page of a PDF straight at the pixel budget, and read its text layer.

        Args:
            path: of the file.
            index: of the page, from 0.
        """
        return self._submit(f"page {index + 1}", _page, render_worker.page, path, index)

    def texts(self, path: Path, first: int, last: int) -> Future[list[str]]:
        """Read text layers of a PDF without rendering.

        Args:
            path: of the file.
            first: index of the first page, from 0.
            last: index of the page behind the last.
        """
        many = last - first > 1
        subject = f"the text of {f'pages {first + 1} to' if many else 'page'} {last}"
        return self._submit(subject, _value, render_worker.texts, path, first, last)

    def frames(self, path: Path) -> Future[int]:
        """Count the pages of a TIFF."""
        return self._submit(_OPENING, _value, render_worker.frames, path)

    def frame(self, path: Path, index: int) -> Future[PilImage]:
        """Decode a page of a TIFF to upright RGB within the pixel budget.

        Args:
            path: of the file.
            index: of the page, from 0.
        """
        return self._submit(f"page {index + 1}", _picture, render_worker.frame, path, index)

    def preview(self, path: Path, index: int, side: int, *, pdf: bool) -> Future[Preview]:
        """Draw a page or a picture for people to look at, as a JPEG.

        Args:
            path: of the file.
            index: of the page, from 0; 0 for a picture.
            side: the longest that either side may be, in pixels.
            pdf: whether it is a PDF; else a TIFF or any other picture.
        """
        task = render_worker.page_preview if pdf else render_worker.frame_preview
        return self._submit(f"page {index + 1}", _value, task, path, index, side)

    def whole(self, path: Path, index: int, max_pixels: int, *, pdf: bool) -> Future[Preview]:
        """Draw a page as the model is shown it, as a PNG; the renderer's own budget is not used.

        Args:
            path: of the file.
            index: of the page, from 0.
            max_pixels: the pixel budget.
            pdf: whether it is a PDF; else a TIFF.
        """
        task = render_worker.whole_page if pdf else render_worker.whole_frame
        return self._submit(f"page {index + 1}", _value, task, path, index, max_pixels)

    def close(self) -> None:
        """Cancel what is not done, and end all processes."""
        with self._changing:
            self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for slot in self._slots:
            slot.interrupt()
        self._threads.shutdown()
        for slot in self._slots:
            slot.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _submit(
        self,
        subject: str,
        take: "Callable[[R, PixelBuffer], T]",
        task: Callable[..., R],
        path: Path,
        *arguments: int,
    ) -> Future[T]:
        # A worker keeps the folder in which it was started.
        return self._threads.submit(self._run, subject, take, task, path.absolute(), *arguments)

    def _run(
        self,
        subject: str,
        take: "Callable[[R, PixelBuffer], T]",
        task: Callable[..., R],
        *arguments: object,
    ) -> T:
        slot = self._slot()
        try:
            return take(slot.run(task, *arguments), slot.buffer)
        except TimeoutError:
            told = f"{subject} took longer than {self._seconds:g} s and was cut off"
            raise CutOffError(told, "--page-seconds") from None
        except OutOfMemoryError:
            raise self._no_memory(subject) from None
        except ProcessExpired as error:
            if error.exitcode == _NO_MEMORY:
                raise self._no_memory(subject) from None
            reason = _crash(error.exitcode)
        except BrokenProcessPool:
            reason = "made the renderer crash"
        raise ItemError(f"{subject} {reason}") from None

    def _no_memory(self, subject: str) -> CutOffError:
        told = f"{subject} needs more than {self._settings[1]} MB of memory"
        return CutOffError(told, "--page-memory")

    def _slot(self) -> Slot:
        """Return the slot of this thread."""
        slot: Slot | None = getattr(self._here, "slot", None)
        if slot is None:
            max_pixels, megabytes = self._settings
            slot = self._here.slot = Slot(max_pixels, megabytes, self._seconds)
            with self._changing:
                self._slots.append(slot)
                if self._closed:
                    slot.interrupt()
        return slot


def usable_cpus() -> int:
    """Return how many CPUs this process may use; macOS does not say, so all of them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _crash(code: int) -> str:
    name = f" ({signal.Signals(-code).name})" if -code in set(signal.Signals) else ""
    return f"made the renderer crash{name}"


def _value(result: T, buffer: PixelBuffer) -> T:
    return result


def _page(result: tuple[tuple[int, int], str], buffer: PixelBuffer) -> Page:
    return Page(to_picture(buffer, result[0]), result[1])


def _picture(size: tuple[int, int], buffer: PixelBuffer) -> PilImage:
    return to_picture(buffer, size, "RGB")
