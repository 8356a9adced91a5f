"""Find a Java that Elasticsearch can run on."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from es_jina.elastic.distribution import open_folder
from es_jina.errors import NodeError
from es_jina.paths import cache_folder

MINIMUM = 21
FETCHED = "25"
MODULE = "jdk.incubator.vector"  # Elasticsearch starts with --add-modules of it
TIMEOUT = 20.0


def identity(user: int | None) -> dict[str, Any]:
    """Return the ``subprocess`` arguments that run a program as this user and no group else."""
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def find_java(user: int | None = None) -> Path:
    """Return the home of a suitable Java, fetched when this machine has none.

    Args:
        user: The uid that will run it; ``None`` for the present one.

    Raises:
        NodeError: None is suitable and none can be fetched; the message says why.
    """
    refused: dict[Path, str] = {}
    for source, home in _candidates():
        if home in refused:
            continue
        answer = _probe(home, user)
        if isinstance(answer, Path):
            return answer
        refused[home] = f"{source} {home}: {answer}"
    try:
        return _fetch(user)
    except NodeError as error:
        looked_at = "; ".join([*refused.values(), str(error)])
        raise NodeError(
            f"no Java for Elasticsearch: install a JDK {MINIMUM} or newer (such as Temurin "
            f"{FETCHED}) and set ES_JAVA_HOME to it. Looked at: {looked_at}"
        ) from error


def _candidates() -> Iterator[tuple[str, Path]]:
    for variable in ("ES_JAVA_HOME", "JAVA_HOME"):
        if os.environ.get(variable):
            yield variable, Path(os.environ[variable]).expanduser().resolve()
    on_path = shutil.which("java")
    if on_path:
        yield "PATH", Path(on_path).resolve().parent.parent
    for folder, pattern in _install_folders():
        # Newest first, as far as names tell.
        for home in sorted(folder.glob(pattern), reverse=True):
            if home.is_dir():
                yield "installed", home.resolve()


def _install_folders() -> list[tuple[Path, str]]:
    return [
        (Path("/usr/lib/jvm"), "*"),
        (Path("/Library/Java/JavaVirtualMachines"), "*/Contents/Home"),
        (Path("~/.sdkman/candidates/java").expanduser(), "*"),
    ]


def _probe(home: Path, user: int | None) -> Path | str:
    """Run a Java and return its own home, or why it will not do."""
    command = [str(home / "bin" / "java"), "-XshowSettings:properties", "--list-modules"]
    try:
        run = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            cwd="/",
            check=False,
            **identity(user),
        )
    except FileNotFoundError:
        return "no bin/java"
    except PermissionError:
        return "cannot be run" if user is None else f"cannot be run by user {user}"
    except subprocess.TimeoutExpired:
        return f"does not answer within {TIMEOUT:.0f} s"
    except OSError as error:
        return f"does not run ({error.strerror})"
    return _judge(run.stdout, home)


def _judge(output: str, home: Path) -> Path | str:
    version = re.search(r"^java\.base@(\d+)", output, re.MULTILINE)
    if version is None:
        return "does not list modules, so it is Java 8 or no Java at all"
    if int(version[1]) < MINIMUM:
        return f"version {version[1]} is older than {MINIMUM}"
    if f"{MODULE}@" not in output:
        return f"lacks the module {MODULE}"
    # `java` on PATH may be a starter that lies elsewhere than the Java it runs.
    told = re.search(r"^\s*java\.home = (.+)$", output, re.MULTILINE)
    return Path(told[1]) if told else home


def _fetch(user: int | None) -> Path:
    try:
        import cjdk
    except ImportError as error:
        raise NodeError("to have one fetched: pip install 'es_jina[embedded]'") from error
    folder = open_folder(open_folder(cache_folder()) / "java")
    print("No suitable Java found; looking for a download", file=sys.stderr, flush=True)
    try:
        # The index never grows stale: once fetched, a Java is found again without a network.
        home = cjdk.java_home(
            vendor="temurin",
            version=FETCHED,
            cache_dir=folder,
            index_ttl=2**63,
            progress=sys.stderr.isatty(),
        )
    except (cjdk.CjdkError, OSError) as error:
        raise NodeError(f"download failed ({type(error).__name__}; check the network)") from error
    if user is not None:
        _open_tree(folder)
    answer = _probe(home, user)
    if isinstance(answer, str):
        raise NodeError(f"downloaded {home}: {answer}")
    return answer


def _open_tree(folder: Path) -> None:
    """Let everybody read a folder, whatever the umask was when it was written."""
    for parent, _, names in os.walk(folder):
        for path in (Path(parent), *(Path(parent) / name for name in names)):
            if not path.is_symlink():
                mode = path.stat().st_mode & 0o777
                path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
