import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from es_jina.errors import ItemError
from es_jina.ingest.pdf import Pdf, PdfInfo
from es_jina.ingest.render import Renderer

from .files import (
    bomb_pdf,
    damaged_page_pdf,
    nested_pdf,
    pdf,
    picture,
    raw_pdf,
    tiff,
    truncated,
    wide_picture_pdf,
)

BUDGET = 50_000
LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits memory")


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    """Two workers that do anything within their limits."""
    with Renderer(BUDGET, workers=2) as opened:
        yield opened


def complaint(future: Future[Any]) -> str:
    with pytest.raises(ItemError) as raised:
        future.result(60)
    message = str(raised.value)
    assert "\n" not in message
    return message


def worker_pids() -> list[int]:
    return [process.pid for process in multiprocessing.active_children() if process.pid]


def wait_until(true: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def slow_pdf(path: Path) -> Path:
    """Take half a minute to draw, with more than 2 GB."""
    return nested_pdf(path, 5, 40)


def test_pages_are_what_they_are_in_process(renderer: Renderer, tmp_path: Path) -> None:
    path = pdf(tmp_path / "a.pdf", *(f"page {number}" for number in range(9)), title="T")
    assert renderer.inspect(path).result() == PdfInfo(9, "T", 9)
    futures = [renderer.page(path, index) for index in range(9)]
    with Pdf(path) as opened:
        for index, future in enumerate(futures):
            page, expected = future.result(), opened.page(index, BUDGET)
            assert page.text == expected.text == f"page {index}"
            assert page.picture.tobytes() == expected.picture.tobytes()
            assert page.picture.size == expected.picture.size
    assert renderer.texts(path, 2, 5).result() == ["page 2", "page 3", "page 4"]


def test_a_changed_file_is_opened_again(tmp_path: Path) -> None:
    with Renderer(BUDGET, workers=1) as one:
        path = pdf(tmp_path / "a.pdf", "old")
        assert one.page(path, 0).result().text == "old"
        pdf(path, "new")
        assert one.page(path, 0).result().text == "new"
        path.unlink()
        assert complaint(one.page(path, 0)) == "cannot be read: No such file or directory"


def test_a_relative_path_is_one_of_the_moment(
    renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pdf(tmp_path / "a.pdf", "here")
    monkeypatch.chdir(tmp_path)
    assert renderer.page(Path("a.pdf"), 0).result().text == "here"


def test_each_broken_file_says_what_is_wrong(renderer: Renderer, tmp_path: Path) -> None:
    good = pdf(tmp_path / "good.pdf", "page")
    half = tmp_path / "half.pdf"
    half.write_bytes(good.read_bytes()[:100])
    locked = pdf(tmp_path / "locked.pdf", "secret", password="open sesame")
    assert complaint(renderer.inspect(locked)) == "the PDF is password-protected"
    assert "the PDF is damaged" in complaint(renderer.page(half, 0))
    assert complaint(renderer.page(good, 1)) == "there is no page 2: the PDF has 1"
    holed = damaged_page_pdf(tmp_path / "holed.pdf", "one", None)
    assert "page 2 is damaged" in complaint(renderer.texts(holed, 0, 2))
    assert complaint(renderer.texts(good, 0, 2)) == "there is no page 2: the PDF has 1"
    assert "No such file" in complaint(renderer.frames(tmp_path / "gone.tiff"))
    assert "not a picture" in complaint(renderer.frames(good))
    assert renderer.page(good, 0).result().text == "page"


def test_no_page_is_taken_for_another_behind_a_damaged_one(tmp_path: Path) -> None:
    path = damaged_page_pdf(tmp_path / "a.pdf", "one", None, "three", "four")
    with Renderer(BUDGET, workers=1) as one:
        for order in ((0, 2, 1, 3), (2, 1, 0, 3), (2, 1, 3, 0)):
            pages = {index: one.page(path, index) for index in order}
            assert "page 2 is damaged" in complaint(pages.pop(1))
            texts = {index: page.result().text for index, page in pages.items()}
            assert texts == {0: "one", 2: "three", 3: "four"}


def test_frames_of_a_tiff(renderer: Renderer, tmp_path: Path) -> None:
    path = tiff(tmp_path / "a.tiff", "red", "lime", "blue", size=(600, 400))
    assert renderer.frames(path).result() == 3
    frames = [renderer.frame(path, index) for index in (2, 0, 1)]
    pictures = [frame.result() for frame in frames]
    assert [each.getpixel((9, 9)) for each in pictures] == [(0, 0, 255), (255, 0, 0), (0, 255, 0)]
    assert {each.mode for each in pictures} == {"RGB"}
    assert {each.size for each in pictures} == {(273, 182)}  # 50,000 pixels of the same shape
    assert complaint(renderer.frame(path, 3)) == "there is no page 4: the picture has 3"


def test_a_frame_is_upright_and_never_enlarged(renderer: Renderer, tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned
    Image.new("RGB", (60, 30), "red").save(path, exif=exif)
    assert renderer.frames(path).result() == 1
    assert renderer.frame(path, 0).result().size == (30, 60)


def test_broken_frames(renderer: Renderer, tmp_path: Path) -> None:
    assert renderer.frames(truncated(tmp_path / "half.png")).result() == 1
    assert "cannot be decoded" in complaint(renderer.frame(tmp_path / "half.png", 0))
    ribbon = picture(tmp_path / "ribbon.tiff", size=(9000, 4))
    assert "200 times" in complaint(renderer.frames(ribbon))


@LINUX_ONLY
def test_a_page_that_wants_too_much_memory_is_cut_off_alone(tmp_path: Path) -> None:
    good = pdf(tmp_path / "good.pdf", *("page",) * 20)
    with Renderer(BUDGET, workers=2, megabytes=200) as small:
        bad = small.page(bomb_pdf(tmp_path / "bomb.pdf"), 0)
        others = [small.page(good, index) for index in range(20)]
        message = complaint(bad)
        assert message == "page 1 needs more than 200 MB of memory; raise --page-memory"
        assert [other.result().text for other in others] == ["page"] * 20
        huge = tiff(tmp_path / "huge.tiff", "red", size=(8000, 8000))
        assert "needs more than 200 MB" in complaint(small.frame(huge, 0))


def test_a_page_that_takes_too_long_is_cut_off_alone(tmp_path: Path) -> None:
    good = pdf(tmp_path / "good.pdf", *("page",) * 20)
    slow = slow_pdf(tmp_path / "slow.pdf")
    with Renderer(BUDGET, workers=2, seconds=1, megabytes=4000) as quick:
        # Four, so that some wait in the queue for longer than they may run.
        bad = [quick.page(slow, 0) for _ in range(4)]
        others = [quick.page(good, index) for index in range(20)]
        for each in bad:
            message = complaint(each)
            assert message == "page 1 took longer than 1 s and was cut off; raise --page-seconds"
        assert [other.result().text for other in others] == ["page"] * 20


def test_large_claims_of_small_files(renderer: Renderer, tmp_path: Path) -> None:
    wide = renderer.page(wide_picture_pdf(tmp_path / "wide.pdf"), 0)
    deep = renderer.page(nested_pdf(tmp_path / "deep.pdf", 100_000, 1), 0)
    vast = renderer.page(raw_pdf(tmp_path / "vast.pdf", b"", box="0 0 1e30 1e30"), 0)
    assert wide.result().picture.getpixel((9, 9)) == (127, 127, 127)
    for page in (deep.result(), vast.result()):
        assert page.picture.width * page.picture.height < 1.1 * BUDGET


def test_a_killed_worker_takes_no_other_along(tmp_path: Path) -> None:
    path = pdf(tmp_path / "a.pdf", *(f"{number}" for number in range(200)))
    with Renderer(BUDGET, workers=2) as pool:
        futures = [pool.page(path, index % 200) for index in range(600)]
        for index in (10, 150, 350):
            futures[index].result()
            os.kill(worker_pids()[0], signal.SIGKILL)
        errors = [future.exception(60) for future in futures]
        right = [index for index, error in enumerate(errors) if error is None]
        assert len(right) >= 597
        assert all(futures[index].result().text == f"{index % 200}" for index in right)
        for error in filter(None, errors):
            assert isinstance(error, ItemError)
            # With the signal, unless the pool saw the broken pipe first.
            assert "made the renderer crash" in str(error)


def test_a_worker_killed_between_two_tasks_is_not_noticed(tmp_path: Path) -> None:
    path = pdf(tmp_path / "a.pdf", "page")
    with Renderer(BUDGET, workers=1) as pool:
        for pause in (0.0, 0.3):
            assert pool.page(path, 0).result().text == "page"
            os.kill(worker_pids()[0], signal.SIGKILL)
            time.sleep(pause)
            assert pool.page(path, 0).result().text == "page"


def test_closing_ends_what_runs_and_what_waits(tmp_path: Path) -> None:
    before = set(worker_pids())
    pool = Renderer(BUDGET, workers=2, megabytes=4000)
    path = slow_pdf(tmp_path / "slow.pdf")
    futures = [pool.page(path, 0) for _ in range(300)]
    wait_until(lambda: len(set(worker_pids()) - before) == 2)
    time.sleep(0.5)
    start = time.monotonic()
    pool.close()
    assert time.monotonic() - start < 2
    assert set(worker_pids()) == before
    for future in futures:
        with pytest.raises(CancelledError):
            future.result(0)


def test_no_process_before_the_first_task() -> None:
    before = set(worker_pids())
    with Renderer(BUDGET, workers=2):
        assert set(worker_pids()) == before


def alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for does not."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return state[:1] not in ("", "Z")


def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    script = f"""
import multiprocessing, time
from pathlib import Path
from es_jina.ingest.render import Renderer
with Renderer({BUDGET}, workers=2, megabytes=8000) as renderer:
    renderer.page(Path({str(pdf(tmp_path / "a.pdf", "page"))!r}), 0).result()
    slow = [renderer.page(Path({str(slow_pdf(tmp_path / "slow.pdf"))!r}), 0) for _ in range(2)]
    while len(multiprocessing.active_children()) < 2:
        time.sleep(0.02)
    time.sleep(0.7)
    print(*(process.pid for process in multiprocessing.active_children()), flush=True)
    slow[0].result()
"""
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with child:
        assert child.stdout is not None
        pids = [int(pid) for pid in child.stdout.readline().split()]
        assert len(pids) == 2
        assert all(map(alive, pids))
        child.kill()
    wait_until(lambda: not any(map(alive, pids)), 5)


def test_workers_leave_ctrl_c_to_the_parent(tmp_path: Path) -> None:
    path = pdf(tmp_path / "a.pdf", "page")
    with Renderer(BUDGET, workers=1) as pool:
        before = set(worker_pids())
        first = pool.page(path, 0)
        wait_until(lambda: bool(set(worker_pids()) - before))
        (pid,) = set(worker_pids()) - before
        os.kill(pid, signal.SIGINT)  # while it starts up
        assert first.result().text == "page"
        os.kill(pid, signal.SIGINT)
        assert pool.page(path, 0).result().text == "page"
        assert pid in worker_pids()


@pytest.mark.parametrize("way", ["file", "stdin", "module", "command"])
def test_a_main_module_is_not_run_again(tmp_path: Path, way: str) -> None:
    script = f"""
print("once")
from pathlib import Path
from es_jina.ingest.render import Renderer
with Renderer({BUDGET}, workers=1) as renderer:
    print(renderer.page(Path({str(pdf(tmp_path / "a.pdf", "page"))!r}), 0).result().text)
"""
    (tmp_path / "script.py").write_text(script)
    arguments, given = {
        "file": (["script.py"], None),
        "stdin": (["-"], script),
        "module": (["-m", "script"], None),
        "command": (["-c", script], None),
    }[way]
    done = subprocess.run(
        [sys.executable, *arguments],
        input=given,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("once\npage\n", "")


def test_a_worker_imports_nothing_heavy() -> None:
    code = "import sys, es_jina.ingest.render_worker, pebble; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "transformers", "elasticsearch", "httpx"} & set(done.stdout.split())
