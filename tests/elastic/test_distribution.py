import errno
import hashlib
import os
import shutil
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest

from es_jina.elastic import distribution
from es_jina.elastic.distribution import RELEASES, Release, elasticsearch_home
from es_jina.errors import NodeError

VERSION = "0.1.0"
TOP = f"elasticsearch-{VERSION}"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ES_JINA_CACHE", str(tmp_path))
    (tmp_path / "downloads").mkdir()
    return tmp_path


def build_archive(path: Path, extra: dict[str, str] | None = None) -> Release:
    """Write a small distribution and return its pin."""
    with zipfile.ZipFile(path, "w") as bundle:
        program = zipfile.ZipInfo(f"{TOP}/bin/elasticsearch")
        program.external_attr = 0o100755 << 16
        bundle.writestr(program, "#!/bin/sh\n")
        bundle.writestr(f"{TOP}/config/jvm.options", "-Xms1g\n")
        for name, text in (extra or {}).items():
            bundle.writestr(name, text)
    content = path.read_bytes()
    return Release(len(content), hashlib.sha256(content).hexdigest())


@pytest.fixture
def placed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive that the user put in place by hand."""
    path = cache / "downloads" / f"{TOP}.zip"
    monkeypatch.setitem(RELEASES, VERSION, build_archive(path))
    return path


def rest(cache: Path) -> list[str]:
    folder = cache / "elasticsearch"
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_placed_archive_is_unpacked_once_and_stays(placed: Path, cache: Path) -> None:
    old = os.umask(0o077)
    try:
        home = elasticsearch_home(VERSION)
    finally:
        os.umask(old)
    assert (home / "bin" / "elasticsearch").stat().st_mode & 0o777 == 0o755
    assert (home / "config" / "jvm.options").stat().st_mode & 0o777 == 0o644
    assert (home / "config").stat().st_mode & 0o777 == 0o755
    assert placed.exists()
    placed.unlink()
    assert elasticsearch_home(VERSION) == home
    assert rest(cache) == [VERSION]


def test_download_is_not_kept(placed: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = placed.rename(cache / "elsewhere.zip")

    def download(version: str, scratch: Path, _placed: Path) -> Path:
        return Path(shutil.move(source, scratch / "download.zip"))

    monkeypatch.setattr(distribution, "_download", download)
    assert elasticsearch_home(VERSION).is_dir()
    assert not list(cache.rglob("*.zip"))


def test_wrong_download_is_removed_and_both_digests_are_named(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = Release(1, "0" * 64)
    monkeypatch.setitem(RELEASES, VERSION, pinned)
    found: list[Release] = []

    def download(version: str, scratch: Path, _placed: Path) -> Path:
        found.append(build_archive(scratch / "download.zip"))
        return scratch / "download.zip"

    monkeypatch.setattr(distribution, "_download", download)
    with pytest.raises(NodeError) as caught:
        elasticsearch_home(VERSION)
    assert pinned.sha256 in str(caught.value)
    assert found[0].sha256 in str(caught.value)
    assert rest(cache) == []


def test_wrong_placed_archive_is_refused_but_left(placed: Path, cache: Path) -> None:
    placed.write_bytes(placed.read_bytes() + b"!")
    with pytest.raises(NodeError, match="not the pinned file"):
        elasticsearch_home(VERSION)
    assert placed.exists()
    assert rest(cache) == []


@pytest.mark.parametrize("name", ["../escape", f"{TOP}/../../../escape", "/tmp/es-jina-escape"])
def test_path_outside_of_the_archive_is_refused(
    name: str, placed: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RELEASES, VERSION, build_archive(placed, {name: "evil"}))
    with pytest.raises(NodeError, match="outside of itself"):
        elasticsearch_home(VERSION)
    assert rest(cache) == []
    assert not list(cache.rglob("escape"))
    assert not Path("/tmp/es-jina-escape").exists()


@pytest.mark.usefixtures("placed")
@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt),
        (OSError(errno.ENOSPC, "No space left on device"), NodeError),
    ],
)
def test_interrupted_unpacking_leaves_nothing(
    failure: BaseException,
    expected: type[BaseException],
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    extract = zipfile.ZipFile.extract

    def fail_at_second(bundle: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> str:
        if member.filename.endswith("jvm.options"):
            raise failure
        return extract(bundle, member, path)

    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "extract", fail_at_second)
        with pytest.raises(expected):
            elasticsearch_home(VERSION)
    assert rest(cache) == []
    assert elasticsearch_home(VERSION).is_dir()


@pytest.mark.usefixtures("placed")
def test_leftover_of_a_killed_process_is_cleared(cache: Path) -> None:
    leftover = cache / "elasticsearch" / "partial-killed" / "unpacked"
    leftover.mkdir(parents=True)
    elasticsearch_home(VERSION)
    assert rest(cache) == [VERSION]


@pytest.mark.usefixtures("placed")
def test_two_at_once_unpack_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Path] = []
    unpack = distribution._unpack

    def slow(archive: Path, target: Path) -> None:
        calls.append(target)
        time.sleep(0.3)
        unpack(archive, target)

    monkeypatch.setattr(distribution, "_unpack", slow)
    threads = [threading.Thread(target=elasticsearch_home, args=[VERSION]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1


def test_unknown_version_names_the_known_ones() -> None:
    with pytest.raises(NodeError, match=r"7\.0\.0 is not among .* 9\.5\.0"):
        elasticsearch_home("7.0.0")


def test_without_network_the_message_names_the_place_for_the_file(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    with pytest.raises(NodeError, match="cannot download") as caught:
        elasticsearch_home("9.5.0")
    assert "\n" not in str(caught.value)
    assert f"put elasticsearch-9.5.0.zip into {cache}/downloads" in str(caught.value)
    assert rest(cache) == []


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jgo.maven", None)
    with pytest.raises(NodeError, match=r"pip install 'es_jina\[embedded\]'"):
        elasticsearch_home("9.5.0")


def test_unusable_cache_is_one_line(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cache / "elasticsearch").write_text("a file")
    with pytest.raises(NodeError, match="cannot unpack"):
        elasticsearch_home("9.5.0")


@pytest.mark.parametrize("terminal", [False, True])
def test_progress_on_stderr(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    with distribution._progress("some.zip", 2_000_000) as update:
        update(2_000_000)
    captured = capsys.readouterr()
    assert "some.zip" in captured.err
    assert captured.out == ""
    if not terminal:
        assert captured.err.splitlines() == ["Downloading some.zip (2 MB)", "Downloaded some.zip"]
