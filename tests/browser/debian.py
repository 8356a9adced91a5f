"""Debian's Chromium, fetched without root and without a change to the system.

apt resolves and downloads, into folders of our own, what is needed and the machine lacks; it is
unpacked into the cache of es_jina and never installed.
"""

import fcntl
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from es_jina.paths import cache_folder
from tests.browser.program import ChromiumError, Program

# Playwright's own driver needs the second, which small machines lack.
PACKAGES = ("chromium", "libatomic1")

# Read after the machine's own configuration: its hooks would touch the system, and its lists of
# icons and translations are of no use to us.
APT_CONFIGURATION = """
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
#clear Dir::Cache::pkgcache;
#clear Dir::Cache::srcpkgcache;
Dir::State::lists "{folder}/lists";
Dir::Cache "{folder}/cache";
Debug::NoLocking "true";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
"""

FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>{folder}/usr/share/fonts</dir>
  <cachedir>{folder}/fontconfig</cachedir>
</fontconfig>
"""


def fetched_chromium() -> Program:
    """Return Debian's Chromium from the cache, where the first call puts it.

    Raises:
        ChromiumError: The machine has no apt, or apt cannot fetch the package.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise ChromiumError(
            "the browser tests need Chromium: install the package chromium (or Google Chrome) "
            "so that `chromium` or `google-chrome` is on PATH"
        )
    # Packages that were fetched for one release of the system need not run on another.
    system = platform.freedesktop_os_release()
    release = f"{system['ID']}-{system.get('VERSION_ID', 'rolling')}-{platform.machine()}"
    # A folder of this name exists only as the last step of an unpacking: it is complete.
    home = cache_folder() / "chromium" / release
    if not home.is_dir():
        home.parent.mkdir(exist_ok=True)
        with _lock(home.parent / ".lock"):
            if not home.is_dir():  # not unpacked by the process that held the lock
                _install(home)
    return _program(home)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(home: Path) -> None:
    for leftover in home.parent.glob("partial-*"):  # of a process that was killed
        shutil.rmtree(leftover)
    with tempfile.TemporaryDirectory(prefix="partial-", dir=home.parent) as scratch:
        unpacked = Path(scratch) / "unpacked"
        for package in _download(Path(scratch)):
            subprocess.run(["dpkg-deb", "--extract", package, unpacked], check=True)
        if fault := _program(unpacked).fault():
            raise ChromiumError(
                f"the fetched chromium does not start ({fault}); install the package chromium"
            )
        (unpacked / "fonts.conf").write_text(FONTS.format(folder=home))
        unpacked.rename(home)


def _download(folder: Path) -> list[Path]:
    archives = folder / "cache" / "archives"
    for needed in (archives / "partial", folder / "lists" / "partial"):
        needed.mkdir(parents=True)
    configuration = folder / "apt.conf"
    configuration.write_text(APT_CONFIGURATION.format(folder=folder))
    # A source of the machine that is out of reach is no failure where the others have chromium.
    complaints = _apt(configuration, "update").stderr
    options = ("--yes", "--download-only", "--no-install-recommends", "--no-upgrade")
    done = _apt(configuration, "install", *options, *PACKAGES)
    if done.returncode:
        lines = (done.stderr + complaints).splitlines()
        reason = next((line for line in lines if line.startswith("E: ")), "no reason given")
        raise ChromiumError(
            f"apt cannot fetch chromium ({reason}); "
            "check the network, or install the package chromium"
        )
    return sorted(archives.glob("*.deb"))


def _apt(configuration: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["apt-get", f"--config-file={configuration}", *arguments],
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )


def _program(folder: Path) -> Program:
    # Some packages keep libraries for each other in folders of their own.
    libraries = {found.parent for found in folder.glob("usr/lib/*-linux-*/**/*.so*")}
    libraries |= {found.parent for found in folder.glob("lib/*-linux-*/**/*.so*")}
    variables = {
        "LD_LIBRARY_PATH": os.pathsep.join(map(str, sorted(libraries))),
        "FONTCONFIG_FILE": str(folder / "fonts.conf"),
    }
    return Program(folder / "usr/lib/chromium/chromium", variables)
