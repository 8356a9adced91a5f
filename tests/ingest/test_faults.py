"""Ingesters and nodes that are killed, a full disk, two at once: nothing lost, nothing twice."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import Cluster
from es_jina.elastic.distribution import RELEASES
from es_jina.elastic.node import Node
from es_jina.elastic.setup import set_up
from es_jina.errors import ClusterError, ProviderError
from es_jina.ingest.run import Ingest, Options
from es_jina.ingest.targets import Setting, Targets

from .files import pdf
from .provider_double import PROFILE, DoubleProvider, WordTokenizer

KILLS = 25


class Ingester:
    """Starts ingests of one folder into one index, in processes of their own."""

    def __init__(self, url: str, index: str, log: Path, folder: Path, seconds: float = 0.0) -> None:
        self.log = log
        self._arguments = [url, index, str(log), str(seconds), str(folder)]

    @contextmanager
    def ready(self) -> Iterator[subprocess.Popen[str]]:
        """Start a process that waits for its turn."""
        with subprocess.Popen(
            [sys.executable, "-m", "tests.ingest.runner", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout is not None
            try:
                assert process.stdout.readline() == "ready\n", process.stdout.read()
                yield process
            finally:
                process.kill()

    @contextmanager
    def started(self) -> Iterator[subprocess.Popen[str]]:
        with self.ready() as process:
            go(process)
            yield process

    @contextmanager
    def forked(self) -> Iterator["Forked"]:
        """Start a process that forks one ingest after the other."""
        with subprocess.Popen(
            [sys.executable, "-m", "tests.ingest.forked_runner", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            yield Forked(process)

    def finish(self) -> None:
        with self.started() as process:
            told, _ = process.communicate(timeout=120)
            assert process.returncode == 0, told

    def calls(self) -> list[tuple[str, list[str]]]:
        """Return process and digests of each call of the provider."""
        if not self.log.exists():
            return []
        lines = [line.split() for line in self.log.read_text().splitlines()]
        return [(line[0], line[1:]) for line in lines]

    def await_calls(self, count: int) -> None:
        deadline = time.monotonic() + 60
        while len(self.calls()) < count:
            assert time.monotonic() < deadline, "the ingester did not get so far"
            time.sleep(0.01)


class Forked:
    """Ingests of one process, to be killed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._pid = 0

    def start(self) -> None:
        go(self._process)
        self._pid = self._told()

    def runs(self) -> bool:
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        assert self._told() in (0, -signal.SIGKILL)

    def _told(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


def go(process: subprocess.Popen[str]) -> None:
    """Let a process that is ready begin."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def make_folder(folder: Path, texts: int = 400) -> Path:
    folder.mkdir()
    for number in range(texts):
        path = folder / f"{number % 7}" / f"note-{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n\n".join(f"Note {number}, part {part}." for part in range(3)))
    long = " ".join(f"Sentence {number} of a long text." for number in range(4000))
    (folder / "long.md").write_text(f"# Long\n\n{long}")
    for number in range(2):
        pdf(folder / f"report-{number}.pdf", *(f"report {number} page {n}" for n in range(8)))
    return folder


def documents(client: Elasticsearch, index: str) -> dict[str, Any]:
    """Return what each document of an index says of its source, without times."""
    client.indices.refresh(index=index)
    found: dict[str, Any] = {}
    after = None
    while True:
        hits = client.search(
            index=index,
            size=1000,
            query={"match_all": {}},
            sort=["source.uri", "unit"],
            search_after=after,
        )["hits"]["hits"]
        if not hits:
            return found
        for hit in hits:
            told = hit["_source"]
            found[hit["_id"]] = (
                told["source"], told["unit"], told["recipe"], told["text"], told["profile"],
            )  # fmt: skip
        after = hits[-1]["sort"]


def test_an_ingester_that_is_killed_again_and_again(
    node: Node, client: Elasticsearch, capabilities: Capabilities, index: str, tmp_path: Path
) -> None:
    folder = make_folder(tmp_path / "in")
    reference = f"{index}-reference"
    for name in (index, reference):
        set_up(client, name, PROFILE, capabilities)
    Ingester(node.url, reference, tmp_path / "reference.log", folder).finish()
    expected = documents(client, reference)
    client.indices.delete(index=f"{reference}-000001")
    client.indices.delete_index_template(name=f"es-jina-{reference}")

    ingester = Ingester(node.url, index, tmp_path / "log", folder, seconds=0.03)
    rng = random.Random(5)
    with ingester.forked() as forked:
        for _ in range(KILLS):
            before = len(ingester.calls())
            forked.start()
            # A moment somewhere between the first request and the end.
            if rng.random() < 0.8:
                while len(ingester.calls()) == before and forked.runs():
                    time.sleep(0.005)
                time.sleep(rng.uniform(0, 0.15))
            else:
                time.sleep(rng.uniform(0, 0.5))
            forked.kill()
    ingester.finish()

    assert documents(client, index) == expected
    _check_embedded_again(ingester.calls())


def _check_embedded_again(calls: list[tuple[str, list[str]]]) -> None:
    """What a later process embedded again belongs to the last two calls of the one before."""
    for number, process in enumerate(dict.fromkeys(process for process, _ in calls)):
        mine = [digests for owner, digests in calls if owner == process]
        end = max(index for index, (owner, _) in enumerate(calls) if owner == process)
        later = {digest for _, digests in calls[end + 1 :] for digest in digests}
        again = [set(digests) & later for digests in mine]
        assert not any(again[:-2]), f"process {number} lost more than two batches"


@pytest.mark.xdist_group("embedded-node")
@pytest.mark.usefixtures("real_java")
@pytest.mark.parametrize("version", list(RELEASES))
def test_a_node_that_is_killed_a_disk_that_is_full_and_two_ingesters(
    version: str, open_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ES_JINA_DATA", str(open_folder / f"registry-faults-{version}"))
    folder = make_folder(tmp_path / "in", texts=200)
    home, port = open_folder / f"faults-{version}", _free_port()
    with Node(home, version=version, port=port) as node, Cluster(node.url).connect() as client:
        for index in ("killed", "full", "twice"):
            set_up(client, index, PROFILE, Capabilities.detect(client))
        _full_disk(client, Ingester(node.url, "full", tmp_path / "full.log", folder, 0.05))
        expected = documents(client, "full")
        _two_at_once(node.url, folder, tmp_path)
        assert documents(client, "twice") == expected
        ingester = Ingester(node.url, "killed", tmp_path / "killed.log", folder, 0.05)
        with ingester.started() as process:
            ingester.await_calls(3)
            _kill_java(home)
            node.stop()
            with Node(home, version=version, port=port):
                told, _ = process.communicate(timeout=120)
                assert process.returncode == 0, told
                assert documents(client, "killed") == expected


def _full_disk(client: Elasticsearch, ingester: Ingester) -> None:
    """The block that a node sets when its disk reaches the flood stage."""
    with ingester.started() as process:
        ingester.await_calls(2)
        _block(client, True)
        time.sleep(2)
        assert process.poll() is None
        _block(client, None)
        told, _ = process.communicate(timeout=120)
        assert process.returncode == 0, told


def _block(client: Elasticsearch, blocked: bool | None) -> None:
    settings = {"index.blocks.read_only_allow_delete": blocked}
    client.indices.put_settings(index="full", settings=settings)


def _two_at_once(url: str, folder: Path, tmp_path: Path) -> None:
    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    ingesters = [Ingester(url, "twice", log, folder, 0.02) for log in logs]
    with ingesters[0].ready() as one, ingesters[1].ready() as two:
        for process in (one, two):
            go(process)
        for process in (one, two):
            told, _ = process.communicate(timeout=120)
            assert process.returncode == 0, told
    assert all(ingester.calls() for ingester in ingesters)


def test_a_provider_that_fails_one_call_in_ten(
    client: Elasticsearch, capabilities: Capabilities, index: str, tmp_path: Path
) -> None:
    class Shaky(DoubleProvider):
        def embed(self, *given: Any, **named: Any) -> Any:
            if rng.random() < 0.1:
                failed.append(1)
                raise ProviderError("overloaded", passing=True)
            return super().embed(*given, **named)

    rng, failed = random.Random(1), list[int]()
    folder = make_folder(tmp_path / "in", texts=300)
    set_up(client, index, PROFILE, capabilities)
    provider = Shaky()
    ingest = Ingest(
        client,
        index,
        PROFILE,
        capabilities,
        open_provider=lambda: provider,
        open_tokenizer=WordTokenizer,
    )
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setattr("es_jina.ingest.batches.MOST_TOKENS", 1024)
        report = ingest.run(Targets([str(folder)], Setting(client, tmp_path)))
    assert failed
    assert report.failed == 0
    digests = Counter(digest for call in provider.calls for digest in call)
    assert len(documents(client, index)) == report.embedded == digests.total()


def test_a_cluster_that_stays_away_ends_the_run_with_one_error(
    client: Elasticsearch, capabilities: Capabilities, index: str, tmp_path: Path
) -> None:
    set_up(client, index, PROFILE, capabilities)
    gone = Cluster(f"http://127.0.0.1:{_free_port()}").connect()
    provider = DoubleProvider()
    ingest = Ingest(
        gone,
        index,
        PROFILE,
        capabilities,
        open_provider=lambda: provider,
        open_tokenizer=WordTokenizer,
        options=Options(retry_for=0.5),
    )
    with pytest.raises(ClusterError, match="cannot be reached"):
        ingest.run(Targets([str(tmp_path)], Setting(gone, tmp_path)))


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _kill_java(folder: Path) -> None:
    lines = subprocess.run(
        ["ps", "-eww", "-o", "pid=,args="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    pids = [int(line.split()[0]) for line in lines if str(folder) in line and "java" in line]
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def test_a_block_that_outlasts_patience_ends_the_run_and_loses_nothing(
    client: Elasticsearch, capabilities: Capabilities, index: str, tmp_path: Path
) -> None:
    folder = make_folder(tmp_path / "in", texts=20)
    set_up(client, index, PROFILE, capabilities)
    provider = DoubleProvider()

    def ingest(retry_for: float) -> Ingest:
        return Ingest(
            client,
            index,
            PROFILE,
            capabilities,
            open_provider=lambda: provider,
            open_tokenizer=WordTokenizer,
            options=Options(retry_for=retry_for),
        )

    client.indices.put_settings(index=index, settings={"index.blocks.write": True})
    blocked = ingest(0.5)
    with pytest.raises(ClusterError, match=r"blocked.*run it again to go on"):
        blocked.run(Targets([str(folder)], Setting(client, tmp_path)))
    assert blocked.report.failed == 0
    client.indices.put_settings(index=index, settings={"index.blocks.write": None})
    report = ingest(60).run(Targets([str(folder)], Setting(client, tmp_path)))
    assert report.failed == 0
    assert len(documents(client, index)) == report.embedded
