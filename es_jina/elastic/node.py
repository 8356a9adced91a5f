"""The embedded node: a real Elasticsearch of one's own, on this machine, in one folder.

    with Node("somewhere") as node:
        print(node.url)

Who runs: this process -> watchdog.py -> Elasticsearch's launcher -> its server. The node ends with
this process, however that ends; ``detach`` lets it outlive it.

What is where: the folder holds ``data``, the name of the ``version`` that last wrote them,
``config``, ``logs`` and ``tmp`` (made anew at every start), ``console.log`` (errors), ``node.json``
(the ``NodeState``) and ``node.lock``. The lock, held by the node's own processes, says whether a
node runs on the folder; everything else may be left over from one that was killed.
"""

import base64
import fcntl
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from es_jina.elastic.distribution import DEFAULT_VERSION, elasticsearch_home, open_folder
from es_jina.elastic.java import find_java, identity
from es_jina.errors import NodeError
from es_jina.paths import data_folder

HOST = "127.0.0.1"
NOBODY = 65534
START_SECONDS = 120.0
RECOVERY_SECONDS = 30
STOP_SECONDS = 45.0  # longer than the watchdog takes to kill
DEFAULT_HEAP = "512m"

LOGGING = """\
status = error
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %m%n%rEx{1}%n
appender.console.filter.threshold.type = ThresholdFilter
appender.console.filter.threshold.level = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ${sys:es.logs.base_path}/elasticsearch.log
appender.file.filePattern = ${sys:es.logs.base_path}/elasticsearch-%i.log
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 16MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 1
"""

# Lines of console.log that tell nothing: stack frames, and that something else was said.
NOISE = re.compile(
    r"\s+at |\s+\.\.\. \d+ more|WARNING: |warning: |#|output:|error:|fatal exception while booting"
    r"|ERROR: Elasticsearch (did not exit|died)|Elasticsearch died"
)

# The pipes whose end tells a watchdog that we are gone. A child that was forked and runs no other
# program (a process pool's worker) must not keep them open for us.
_lifelines: set[IO[bytes]] = set()


def _close_lifelines() -> None:
    for pipe in _lifelines:
        pipe.close()


os.register_at_fork(after_in_child=_close_lifelines)


@dataclass(frozen=True)
class NodeState:
    """A node that runs."""

    url: str
    pid: int
    version: str
    folder: str


class Node:
    """An Elasticsearch that runs as long as the ``with`` block does; its data stay.

    Args:
        folder: Where config, data and logs live; created when missing.
        version: One of ``distribution.RELEASES``.
        heap: The JVM's heap, such as ``512m`` or ``2g``.
        port: The HTTP port; a free one when omitted.
        security_password: Turns security on, with this password for the user ``elastic``.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        version: str = DEFAULT_VERSION,
        heap: str = DEFAULT_HEAP,
        port: int | None = None,
        security_password: str | None = None,
    ) -> None:
        self.folder = Path(folder).expanduser().absolute()
        self.version = version
        self.heap = heap
        self.port = port
        self._password = security_password
        self._user = NOBODY if os.geteuid() == 0 else None
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._state: NodeState | None = None

    def __enter__(self) -> "Node":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of the running node."""
        return self.state.url

    @property
    def state(self) -> NodeState:
        """What is known of the running node."""
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
        if not re.fullmatch(r"[1-9]\d*[mg]", self.heap):
            raise NodeError(f"heap {self.heap!r} is not a size such as 512m or 2g")
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
        """Let the node outlive this process; ``stop_node`` ends it then."""
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
        _require_free(self.port)
        open_folder(data_folder())
        open_folder(self.folder)
        if self._user is not None:
            _require_way(home, self._user)
            _require_way(self.folder, self._user)
        environment = self._environment(java)
        with _lock(self.folder) as lock:
            _await_end_of_server(self.folder)
            _refuse_downgrade(self.folder, self.version)
            self._write_folders(home)
            if self._password is not None:
                self._store_password(home, environment, self._password)
            self._watchdog = self._launch(home, environment, lock)
        url = self._wait_until_ready(self._watchdog)
        self._state = NodeState(url, self._watchdog.pid, self.version, str(self.folder))
        _write(self.folder / "node.json", json.dumps(asdict(self._state)))
        _write(_pointer(self.folder), str(self.folder))

    def _environment(self, java: Path) -> dict[str, str]:
        """Return what Elasticsearch needs and nothing of what the user has set for another one."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        return {
            **kept,
            "HOME": str(self.folder),
            "ES_JAVA_HOME": str(java),
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "tmp"),
        }

    def _write_folders(self, home: Path) -> None:
        """Make everything but the data anew, so that nothing of an earlier start matters."""
        (self.folder / "node.json").unlink(missing_ok=True)
        for name in ("config", "logs", "tmp"):
            if (self.folder / name).exists():
                shutil.rmtree(self.folder / name)
            (self.folder / name).mkdir()
        (self.folder / "data").mkdir(exist_ok=True)
        self._write_config(home / "config", self.folder / "config")
        if self._user is not None:
            self._give_away(self._user)

    def _write_config(self, shipped: Path, config: Path) -> None:
        for source in shipped.iterdir():
            if source.is_file():
                shutil.copyfile(source, config / source.name)
        (config / "elasticsearch.yml").write_text(self._settings())
        (config / "log4j2.properties").write_text(LOGGING)
        (config / "jvm.options").write_text(self._jvm_options(shipped))

    def _give_away(self, user: int) -> None:
        """Hand over what Elasticsearch writes; the folder itself stays ours."""
        folders = [self.folder / name for name in ("config", "data", "logs", "tmp")]
        for path in [*folders, *(self.folder / "config").iterdir()]:
            os.chown(path, user, user)
        for path in folders:
            path.chmod(0o755)

    def _settings(self) -> str:
        settings = {
            "cluster.name": "es-jina",
            "node.name": "es-jina",
            "path.data": str(self.folder / "data"),
            "path.logs": str(self.folder / "logs"),
            "network.host": HOST,
            "http.port": self.port or 0,
            "transport.port": 0,
            "node.portsfile": True,
            "discovery.type": "single-node",
            "cluster.routing.allocation.disk.threshold_enabled": False,
            "xpack.security.enabled": self._password is not None,
        }
        return "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items())

    def _jvm_options(self, shipped: Path) -> str:
        lines = (shipped / "jvm.options").read_text().splitlines()
        # Some name files in folders that Elasticsearch may not write to.
        kept = [line for line in lines if not re.search(r"Xlog|HeapDump|ErrorFile", line)]
        ours = [f"-Xms{self.heap}", f"-Xmx{self.heap}", "-XX:-UsePerfData"]
        return "\n".join([*kept, *ours, f"-XX:ErrorFile={self.folder}/logs/hs_err_pid%p.log", ""])

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
            raise NodeError(f"cannot store the password: {tool.stderr.strip()}")

    def _launch(
        self, home: Path, environment: dict[str, str], lock: int
    ) -> "subprocess.Popen[bytes]":
        announcements = (self.folder / "node.json", _pointer(self.folder))
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
                return f"http://{address}"
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
        connection = http.client.HTTPConnection(address, timeout=RECOVERY_SECONDS + 10)
        try:
            connection.request("GET", path, headers=headers)
            # 408: it runs, with an index that is broken or takes longer; that is not for us to judge.
            return connection.getresponse().status in {200, 408}
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _reason(self) -> str:
        """Return what Elasticsearch said last, in one line."""
        console = self.folder / "console.log"
        lines = console.read_text(errors="replace").splitlines()
        said = [line.strip() for line in lines if line.strip() and not NOISE.match(line)]
        reason = "; ".join(said[-3:])[:400] or "no reason given"
        return f"{reason} (see {self.folder}/console.log and logs)"


def read_state(folder: Path) -> NodeState | None:
    """Return the state of the node that runs on a folder, or ``None`` when none does."""
    if not _is_locked(folder):
        return None
    try:
        return NodeState(**json.loads((folder / "node.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def running_nodes() -> list[NodeState]:
    """Return every node of this user that runs: demos, tests, and started ones."""
    states = []
    for pointer in sorted((data_folder() / "nodes").glob("[!.]*")):
        with suppress(FileNotFoundError):  # a node may end right now
            states.append(read_state(Path(pointer.read_text())))
    return [state for state in states if state is not None]


def stop_node(folder: Path) -> bool:
    """Stop the node that runs on a folder, whoever started it; tell whether there was one."""
    state = read_state(folder)
    if state is None:
        return False
    if str(folder) not in _command_line(state.pid):
        raise NodeError(f"process {state.pid} is not the node on {folder}")
    os.kill(state.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _is_locked(folder):
        if time.monotonic() > deadline:
            os.kill(state.pid, signal.SIGKILL)
            raise NodeError(f"the node on {folder} did not stop")
        time.sleep(0.05)
    return True


def _command_line(pid: int) -> str:
    proc = Path(f"/proc/{pid}/cmdline")
    if proc.exists():
        return proc.read_text()
    return subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout


def _lifeline(watchdog: "subprocess.Popen[bytes]") -> IO[bytes]:
    if watchdog.stdin is None:
        raise NodeError("the watchdog was started without a pipe")
    return watchdog.stdin


def _cut(watchdog: "subprocess.Popen[bytes]") -> None:
    pipe = _lifeline(watchdog)
    _lifelines.discard(pipe)
    pipe.close()


def _pointer(folder: Path) -> Path:
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return open_folder(data_folder() / "nodes") / name


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text)
    fresh.replace(path)


@contextmanager
def _lock(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder / "node.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(descriptor, folder)
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, folder: Path) -> None:
    for _ in range(10):  # who only asks whether a node runs holds the lock for a moment
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(0.05)
    state = read_state(folder)
    if state is None:
        raise NodeError(f"a node is being started or stopped on {folder}; try again in a moment")
    raise NodeError(
        f"a node already runs on {folder} (pid {state.pid}, {state.url}); "
        f"stop it with `es-jina node stop --folder {folder}`"
    )


def _is_locked(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / "node.lock", os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


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
    _write(note, version)


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
    for folder in (*reversed(path.parents), path):
        status = folder.stat()
        shift = 6 if status.st_uid == user else 3 if status.st_gid == user else 0
        if not status.st_mode >> shift & 0o1:
            raise NodeError(
                f"Elasticsearch refuses to run as root, so it runs as user {user}, who cannot "
                f"enter {folder}; choose a folder outside of it, or run as an ordinary user"
            )
