"""The embedded node: a real Elasticsearch of one's own, on this machine, in one folder.

    with Node("somewhere") as node:
        print(node.url)

Who runs: this process -> watchdog.py -> Elasticsearch's launcher -> its server. The node ends with
this process, however that ends; ``detach`` lets it outlive it.

What is where: the folder holds ``data``, the name of the ``version`` that last wrote them, the
``port`` of the last start, ``config``, ``logs`` and ``tmp`` (made anew at every start),
``console.log`` (errors), ``node.json`` (the ``NodeState``) and ``node.lock``. The lock, held by
the node's own processes, says whether a node runs on the folder; everything else may be left over
from one that was killed.
"""

import base64
import fcntl
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO

from es_jina.elastic.distribution import DEFAULT_VERSION, elasticsearch_home, open_folder
from es_jina.elastic.java import find_java, identity
from es_jina.elastic.node_config import HOST, NodeConfig, note_port
from es_jina.elastic.running import STOP_SECONDS, NodeState, folder_lock, pointer, write
from es_jina.errors import NodeError
from es_jina.paths import data_folder

NOBODY = 65534
START_SECONDS = 120.0
RECOVERY_SECONDS = 30
DEFAULT_HEAP = "512m"

# Lines of console.log that tell nothing: stack frames, and that something else was said.
NOISE = re.compile(
    r"\s+at |\s+\.\.\. \d+ more|NOTE: |WARNING: |warning: |#|output:$|error:$"
    r"|fatal exception while booting|ERROR: Elasticsearch (did not exit|died)|Elasticsearch died"
)

# The pipes whose end tells a watchdog that we are gone. A child that was forked and runs no other
# program (a process pool's worker) must not keep them open for us.
_lifelines: set[IO[bytes]] = set()


def _close_lifelines() -> None:
    for pipe in _lifelines:
        pipe.close()


os.register_at_fork(after_in_child=_close_lifelines)


class Node:
    """An Elasticsearch that runs as long as the ``with`` block does; its data stay.

    Args:
        folder: Where config, data and logs live; created when missing.
        version: One of ``distribution.RELEASES``.
        heap: The JVM's heap, such as ``512m`` or ``2g``.
        port: The HTTP port; when omitted, that of the last start if it is free, else another.
        security_password: Turns security on, with this password for the user ``elastic``.
        settings: More of Elasticsearch's settings, by their full names. A certificate, the PEM file
            ``xpack.security.http.ssl.certificate``, has the node speak https.
        config: A folder of more files for Elasticsearch's config folder, such as the certificate
            and its key, or the ``users`` and ``roles.yml`` of its file realm.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        version: str = DEFAULT_VERSION,
        heap: str = DEFAULT_HEAP,
        port: int | None = None,
        security_password: str | None = None,
        settings: Mapping[str, object] | None = None,
        config: Path | None = None,
    ) -> None:
        self.folder = Path(folder).expanduser().absolute()
        self.version = version
        secured = security_password is not None
        self._config = NodeConfig(heap, port, secured, settings or {}, config)
        self._password = security_password
        self._user = NOBODY if os.geteuid() == 0 else None
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._state: NodeState | None = None

    def __enter__(self) -> "Node":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of the running node.

        Raises:
            NodeError: it does not run.
        """
        return self.state.url

    @property
    def state(self) -> NodeState:
        """What is known of the running node.

        Raises:
            NodeError: it does not run.
        """
        if self._state is None:
            raise NodeError(f"the node on {self.folder} does not run")
        return self._state

    def start(self) -> None:
        """Start the node and return when it answers.

        Raises:
            NodeError: It cannot be fetched or started, or another one runs on the folder.
        """
        if self._watchdog is not None:
            raise NodeError(f"the node on {self.folder} has been started already")
        if not re.fullmatch(r"[1-9]\d*[mg]", self._config.heap):
            raise NodeError(f"heap {self._config.heap!r} is not a size such as 512m or 2g")
        home = elasticsearch_home(self.version)
        java = find_java(self._user)
        try:
            self._start(home, java)
        except BaseException as error:
            self.stop()
            if isinstance(error, OSError):
                raise NodeError(f"cannot run a node on {self.folder}: {error}") from error
            raise

    def stop(self) -> None:
        """Stop the node; nothing happens when it does not run or was detached."""
        watchdog, self._watchdog, self._state = self._watchdog, None, None
        if watchdog is None:
            return
        _cut(watchdog)
        try:
            watchdog.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            watchdog.kill()  # the kernel ends the launcher, and its end the server
            watchdog.wait()

    def detach(self) -> None:
        """Let the node outlive this process; ``stop_node`` ends it then.

        Raises:
            NodeError: it does not run, or has ended.
        """
        if self._watchdog is None:
            raise NodeError(f"the node on {self.folder} does not run")
        try:
            _lifeline(self._watchdog).write(b"d")
        except BrokenPipeError as error:
            raise NodeError(f"the node on {self.folder} has ended: {self._reason()}") from error
        _cut(self._watchdog)
        self._watchdog.returncode = 0  # nobody here waits for it any more
        self._watchdog = None

    def _start(self, home: Path, java: Path) -> None:
        _require_free(self._config.port)
        open_folder(data_folder())
        if self._user is not None:
            _require_way(home, self._user)
            _require_way(self.folder.parent, self._user)
        open_folder(self.folder)
        environment = self._environment(java)
        with folder_lock(self.folder) as lock:
            _await_end_of_server(self.folder)
            _refuse_downgrade(self.folder, self.version)
            self._write_folders(home)
            if self._password is not None:
                self._store_password(home, environment, self._password)
            self._watchdog = self._launch(home, environment, lock)
        url = self._wait_until_ready(self._watchdog)
        self._state = NodeState(url, self._watchdog.pid, self.version, str(self.folder))
        note_port(self.folder, url)
        write(self.folder / "node.json", json.dumps(asdict(self._state)))
        write(pointer(self.folder), str(self.folder))

    def _environment(self, java: Path) -> dict[str, str]:
        """Return what Elasticsearch needs and nothing of what the user has set for another one."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C.UTF-8",  # or Java cannot name files that are not ASCII
            "HOME": str(self.folder),
            "ES_JAVA_HOME": str(java),
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "tmp"),
            # The launcher does not read ES_TMPDIR and clears nothing away.
            "JDK_JAVA_OPTIONS": f'"-Djava.io.tmpdir={self.folder / "tmp"}"',
        }

    def _write_folders(self, home: Path) -> None:
        """Make everything but the data anew, so that nothing of an earlier start matters."""
        (self.folder / "node.json").unlink(missing_ok=True)
        for name in ("config", "logs", "tmp"):
            if (self.folder / name).exists():
                shutil.rmtree(self.folder / name)
            (self.folder / name).mkdir(mode=0o700)
        (self.folder / "data").mkdir(mode=0o700, exist_ok=True)
        self._config.write(self.folder, home / "config")
        if self._user is not None:
            self._give_away(self._user)

    def _give_away(self, user: int) -> None:
        """Hand over what Elasticsearch writes; the folder itself stays ours."""
        folders = [self.folder / name for name in ("config", "data", "logs", "tmp")]
        for path in [*folders, *(self.folder / "config").iterdir()]:
            os.chown(path, user, user)

    def _store_password(self, home: Path, environment: dict[str, str], password: str) -> None:
        tool = subprocess.run(
            [str(home / "bin/elasticsearch-keystore"), "add", "-x", "-f", "bootstrap.password"],
            input=password,
            env=environment,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            **identity(self._user),
        )
        if tool.returncode != 0:
            raise NodeError(f"cannot store the password: {_gist(tool.stderr)}")

    def _launch(
        self, home: Path, environment: dict[str, str], lock: int
    ) -> "subprocess.Popen[bytes]":
        announcements = (self.folder / "node.json", pointer(self.folder))
        command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("watchdog.py"))]
        command += [f"--lock={lock}", *(f"--remove={path}" for path in announcements)]
        if self._user is not None:
            command += [f"--user={self._user}"]
        with (self.folder / "console.log").open("wb") as console:
            watchdog = subprocess.Popen(
                [*command, "--", str(home / "bin/elasticsearch")],
                stdin=subprocess.PIPE,
                stdout=console,
                stderr=console,
                bufsize=0,
                env=environment,
                cwd="/",
                pass_fds=[lock],
                start_new_session=True,  # Ctrl-C in a terminal is for us, not for it
            )
        _lifelines.add(_lifeline(watchdog))
        return watchdog

    def _wait_until_ready(self, watchdog: "subprocess.Popen[bytes]") -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if watchdog.poll() is not None:
                raise NodeError(
                    f"Elasticsearch {self.version} ended while starting: {self._reason()}"
                )
            address = self._address()
            if address and self._answers(address):
                return f"{'https' if self._config.certificate else 'http'}://{address}"
            time.sleep(0.1)
        raise NodeError(
            f"Elasticsearch {self.version} did not answer within {START_SECONDS:.0f} s: "
            f"{self._reason()}"
        )

    def _address(self) -> str | None:
        """Return host and port once the node has written them down."""
        try:
            lines = (self.folder / "logs" / "http.ports").read_text().split()
        except FileNotFoundError:
            return None
        return lines[0] if lines else None

    def _answers(self, address: str) -> bool:
        """Ask for health; the answer comes once what an earlier run stored can be read again."""
        headers = {}
        if self._password is not None:
            token = base64.b64encode(f"elastic:{self._password}".encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        path = f"/_cluster/health?wait_for_status=yellow&timeout={RECOVERY_SECONDS}s"
        connection = self._connection(address, RECOVERY_SECONDS + 10)
        try:
            connection.request("GET", path, headers=headers)
            # 408: it runs, but an index is broken or takes longer; that is not for us to judge.
            return connection.getresponse().status in {200, 408}
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _connection(self, address: str, seconds: float) -> http.client.HTTPConnection:
        if self._config.certificate is None:
            return http.client.HTTPConnection(address, timeout=seconds)
        # Whoever shows the certificate that we have put there is our node, whatever name is in it.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(self.folder / "config" / self._config.certificate)
        return http.client.HTTPSConnection(address, timeout=seconds, context=context)

    def _reason(self) -> str:
        """Return what Elasticsearch said last, in one line."""
        console = self.folder / "console.log"
        said = _gist(console.read_text(errors="replace"))
        return f"{said} (see {self.folder}/console.log and logs)"


def _gist(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if not NOISE.match(line)]
    return "; ".join([line for line in lines if line][-3:])[:400] or "no reason given"


def _lifeline(watchdog: "subprocess.Popen[bytes]") -> IO[bytes]:
    if watchdog.stdin is None:
        raise NodeError("the watchdog was started without a pipe")
    return watchdog.stdin


def _cut(watchdog: "subprocess.Popen[bytes]") -> None:
    pipe = _lifeline(watchdog)
    _lifelines.discard(pipe)
    pipe.close()


def _await_end_of_server(folder: Path) -> None:
    """Wait for a server whose launcher was killed: it lets go of its data a moment later."""
    with suppress(FileNotFoundError), (folder / "data" / "node.lock").open("r+") as file:
        for _ in range(150):
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                time.sleep(0.1)


def _refuse_downgrade(folder: Path, version: str) -> None:
    """Note the version in the folder, unless a newer one has written there."""
    note = folder / "version"
    with suppress(FileNotFoundError):
        last = note.read_text().strip()
        if [int(part) for part in last.split(".")] > [int(part) for part in version.split(".")]:
            raise NodeError(
                f"{folder} was last used by Elasticsearch {last}, and {version} cannot read the "
                f"data of a newer version: choose another folder, or version {last}"
            )
    write(note, version)


def _require_free(port: int | None) -> None:
    if port is None:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise NodeError(f"port {port} cannot be used: {error.strerror}") from error


def _require_way(path: Path, user: int) -> None:
    """Refuse a path that the node's user cannot walk along, as far as it exists."""
    path = path.resolve()
    for folder in (*reversed(path.parents), path):
        if not folder.is_dir():
            return
        status = folder.stat()
        shift = 6 if status.st_uid == user else 3 if status.st_gid == user else 0
        if not status.st_mode >> shift & 0o1:
            raise NodeError(
                f"Elasticsearch refuses to run as root, so it runs as user {user}, who cannot "
                f"enter {folder}; choose a folder outside of it, or run as an ordinary user"
            )
