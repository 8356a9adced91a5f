"""The distribution that the embedded node runs: fetched once, checked, unpacked.

Elastic publishes a small one as a Maven artifact. Each release is pinned by size and sha256, so it
does not matter where the bytes came from: the network, or a user who put the file there by hand.
"""

import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from es_jina.errors import NodeError
from es_jina.paths import cache_folder

GROUP = "org.elasticsearch.distribution.integ-test-zip"
DEFAULT_VERSION = "9.5.0"


@dataclass(frozen=True)
class Release:
    """What the archive of one version must be."""

    size: int
    sha256: str


RELEASES = {
    "9.5.0": Release(129856182, "db0e275fd790f723eca7bcde96069fd6fed304ad23afdb70c8c09553dd9e8b1b"),
    "9.2.0": Release(99253337, "bf44938a0490ba2a303d39c9cb64b38963dd08c812ce93e10816e878585bcb6b"),
    "8.19.0": Release(97002615, "14833b2d86c30656901f92049f81fb5777a8e4545413c8656cd1a21b55173033"),
}


def elasticsearch_home(version: str = DEFAULT_VERSION) -> Path:
    """Return the unpacked distribution, fetched on the first call.

    Args:
        version: One of ``RELEASES``.

    Raises:
        NodeError: The version is unknown, or the archive cannot be had, is another file than the
            pinned one, or does not fit on the disk.
    """
    if version not in RELEASES:
        known = ", ".join(RELEASES)
        raise NodeError(f"Elasticsearch {version} is not among the embedded versions: {known}")
    try:
        # A folder of this name exists only as the last step of an unpacking: it is complete.
        home = open_folder(open_folder(cache_folder()) / "elasticsearch") / version
        if not home.is_dir():
            _install(version, home)
    except OSError as error:
        raise NodeError(f"cannot unpack Elasticsearch {version}: {error}") from error
    return home


def open_folder(folder: Path) -> Path:
    """Create a folder of ours; root's is made readable for the user that the node runs as."""
    if not folder.parent.exists():
        open_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        folder.chmod(folder.stat().st_mode & 0o777 | 0o755)
    return folder


def _install(version: str, home: Path) -> None:
    with _lock(home.parent / ".lock"):
        if home.is_dir():  # unpacked by the process that held the lock
            return
        for leftover in home.parent.glob("partial-*"):  # of a process that was killed
            shutil.rmtree(leftover)
        with tempfile.TemporaryDirectory(prefix="partial-", dir=home.parent) as scratch:
            archive = _archive(version, Path(scratch))
            unpacked = Path(scratch) / "unpacked"
            _unpack(archive, unpacked)
            (unpacked / f"elasticsearch-{version}").rename(home)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another process is fetching Elasticsearch; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _archive(version: str, scratch: Path) -> Path:
    """Return a checked archive: the one put in place by hand (which stays), or a download."""
    placed = cache_folder() / "downloads" / f"elasticsearch-{version}.zip"
    if placed.is_file():
        _check(placed, RELEASES[version], "remove it, or put the right one there")
        return placed
    archive = _download(version, scratch, placed)
    _check(archive, RELEASES[version], "it was removed; try again")
    return archive


def _check(archive: Path, release: Release, advice: str) -> None:
    size = archive.stat().st_size
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if (size, digest) != (release.size, release.sha256):
        raise NodeError(
            f"{archive} is not the pinned file: {size} bytes with sha256 {digest} instead of "
            f"{release.size} bytes with sha256 {release.sha256}; {advice}"
        )


def _download(version: str, scratch: Path, placed: Path) -> Path:
    try:
        from jgo.maven import MavenContext, PythonResolver
    except ImportError as error:
        raise NodeError(
            f"fetching Elasticsearch needs an extra: pip install 'es_jina[embedded]', "
            f"or put {placed.name} into {placed.parent}"
        ) from error
    resolver = PythonResolver(progress_callback=_progress)
    # The repository lies in the scratch folder, so half a file is never taken for a whole one, and
    # nobody's ~/.m2 is touched.
    context = MavenContext(repo_cache=scratch / "repository", local_repos=[], resolver=resolver)
    component = context.project(GROUP, "elasticsearch").at_version(version)
    try:
        return Path(component.artifact(packaging="zip").resolve())
    except (OSError, RuntimeError) as error:  # requests' errors are OSErrors without strerror
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise NodeError(
            f"cannot download Elasticsearch {version} ({reason}); check the network, "
            f"or put {placed.name} into {placed.parent}"
        ) from error


@contextmanager
def _progress(filename: str, total: int) -> Iterator[Callable[[int], None]]:
    if not sys.stderr.isatty():
        _say(f"Downloading {filename} ({total / 1e6:.0f} MB)")
        yield lambda _count: None
        _say(f"Downloaded {filename}")
        return

    from rich import progress as bar
    from rich.console import Console

    columns = (
        bar.TextColumn("{task.description}"),
        bar.BarColumn(),
        bar.DownloadColumn(),
        bar.TransferSpeedColumn(),
        bar.TimeRemainingColumn(),
    )
    with bar.Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(filename, total=total)
        yield lambda count: progress.advance(task, count)


def _unpack(archive: Path, target: Path) -> None:
    with zipfile.ZipFile(archive) as bundle:
        for member in bundle.infolist():
            path = target / member.filename
            if not path.resolve().is_relative_to(target.resolve()):
                raise NodeError(f"{archive.name} holds a path outside of itself: {member.filename}")
            bundle.extract(member, target)
            if not member.is_dir():
                # zipfile drops the modes, and the umask must not shut out the node's user.
                path.chmod(0o755 if member.external_attr >> 16 & 0o100 else 0o644)
    for folder, _, _ in os.walk(target):
        Path(folder).chmod(0o755)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
