"""Finding a Chromium, and fetching Debian's from a repository of the test's own."""

import hashlib
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.browser.chromium import find_chromium
from tests.browser.debian import PACKAGES
from tests.browser.program import ChromiumError

STARTS = "#!/bin/sh\necho Chromium 1.0\n"
STUB = "#!/bin/sh\necho install the real one >&2\nexit 1\n"


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH: no Chromium in it yet."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("ES_JINA_CACHE", str(tmp_path / "cache"))
    return folder


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def test_a_stub_is_passed_over(tools: Path) -> None:
    write_program(tools / "chromium-browser", STUB)
    write_program(tools / "google-chrome", STARTS)
    assert find_chromium().path == tools / "google-chrome"


def test_a_machine_without_apt_is_told_what_to_install(tools: Path) -> None:
    with pytest.raises(ChromiumError, match=r"^the browser tests need Chromium: install .+$"):
        find_chromium()


@pytest.fixture
def repository(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that apt takes for the only one, on a machine with no package installed."""
    for name in ("apt-get", "dpkg-deb", "dpkg", "tar", "rm"):
        program = shutil.which(name, path=os.defpath + ":/usr/sbin:/sbin")
        assert program
        (tools / name).symlink_to(program)
    folder = tmp_path / "repository"
    folder.mkdir()
    sources = tmp_path / "sources.list"
    sources.write_text(f"deb [trusted=yes] copy:{folder} ./\n")
    configuration = tmp_path / "machine.conf"
    configuration.write_text(
        f'Dir::Etc::SourceList "{sources}"; Dir::Etc::SourceParts "/dev/null";'
        'Dir::State::status "/dev/null";'
    )
    monkeypatch.setenv("APT_CONFIG", str(configuration))
    return folder


def publish(repository: Path, program: str) -> None:
    """Put the packages into the repository; each has the program in it."""
    described = [package(repository, name, program) for name in PACKAGES]
    (repository / "Packages").write_text("\n".join(described))


def package(repository: Path, name: str, program: str) -> str:
    content = repository.parent / name
    write_program(content / f"usr/lib/{name}/{name}", program)
    control = f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: us <us@localhost>\n"
    write_program(content / "DEBIAN/control", control + "Description: made for a test\n")
    archive = repository / f"{name}.deb"
    subprocess.run(["dpkg-deb", "--build", content, archive], check=True, capture_output=True)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    size = archive.stat().st_size
    return f"{control}Filename: ./{archive.name}\nSize: {size}\nSHA256: {digest}\n"


def test_the_package_is_fetched_once(repository: Path, tmp_path: Path) -> None:
    publish(repository, STARTS)
    leftover = tmp_path / "cache/chromium/partial-of-a-killed-process"
    leftover.mkdir(parents=True)
    with ThreadPoolExecutor(2) as workers:
        first, second = workers.map(lambda _: find_chromium(), range(2))
    assert first == second
    assert first.fault() is None
    assert first.path.is_relative_to(tmp_path / "cache")
    assert not leftover.exists()
    shutil.rmtree(repository)
    assert find_chromium() == first


def test_a_package_that_does_not_start_is_not_kept(repository: Path, tmp_path: Path) -> None:
    publish(repository, STUB)
    with pytest.raises(ChromiumError, match=r"start \(install the real one\); install the pa"):
        find_chromium()
    assert [path.name for path in (tmp_path / "cache/chromium").iterdir()] == [".lock"]


def test_a_package_out_of_reach_is_told(repository: Path) -> None:
    with pytest.raises(ChromiumError, match=r"^apt cannot fetch chromium \(E: .+\); check the net"):
        find_chromium()
