import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import AuthorizationException, Elasticsearch

from es_jina.dense import dense_profiles
from es_jina.elastic.assets import require_profile
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import Cluster
from es_jina.elastic.fast_load import NOTE_KEY, fast_load, restore
from es_jina.elastic.node import Node
from es_jina.elastic.setup import set_up
from es_jina.errors import ClusterError
from es_jina.profile import IndexProfile, MultiVectorProfile

PROFILE = IndexProfile(
    "model", "rev", dense_profiles(128), MultiVectorProfile("binary", "bit"), 1000
)

# For each line it forks a process that loads fast and is killed before its n-th request.
CHILD = """
import os, signal, sys
from es_jina.elastic.client import Cluster
from es_jina.elastic.fast_load import fast_load

def load(url, index, left):
    client = Cluster(url).connect()
    send = client.transport.perform_request

    def perform_request(*args, **options):
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return send(*args, **options)

    client.transport.perform_request = perform_request
    with fast_load(client, index):
        pass

for line in sys.stdin:
    url, index, left = line.split()
    child = os.fork()
    if not child:
        load(url, index, int(left))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
# get, note, change | change back, get, drop the note, refresh
REQUESTS = 7
LOADING = 4  # killed before this one, it was killed inside the block

Load = Callable[[str, int], int]


@pytest.fixture(scope="module")
def load(node: Node) -> Iterator[Load]:
    """Loads an index in a process that is killed before its n-th request; its exit code."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def run(index: str, left: int) -> int:
        stdin.write(f"{node.url} {index} {left}\n")
        stdin.flush()
        return int(stdout.readline())

    with process:
        yield run
        stdin.close()


@pytest.fixture(autouse=True)
def made(client: Elasticsearch, capabilities: Capabilities, index: str) -> Iterator[None]:
    set_up(client, index, PROFILE, capabilities)
    yield
    client.options(ignore_status=404).indices.delete(index=f"{index}-000002")


def state(client: Elasticsearch, index: str) -> dict[str, Any]:
    """All settings and the whole mapping of every index behind the alias."""
    found = client.indices.get(index=index, flat_settings=True).body
    return {name: (body["settings"], body["mappings"]) for name, body in found.items()}


def settings(client: Elasticsearch, index: str) -> list[tuple[str | None, ...]]:
    names = ("refresh_interval", "auto_expand_replicas", "number_of_replicas")
    return [
        tuple(found.get(f"index.{name}") for name in names)
        for found, _ in state(client, index).values()
    ]


@pytest.mark.parametrize(
    "before",
    [
        {},
        {"index.refresh_interval": "30s"},
        {"index.auto_expand_replicas": None, "index.number_of_replicas": "2"},
        {"index.auto_expand_replicas": "false", "index.refresh_interval": "-1"},
        {"index.auto_expand_replicas": "0-all", "index.refresh_interval": "5s"},
    ],
)
def test_the_settings_come_back_exactly(
    client: Elasticsearch, index: str, before: dict[str, Any]
) -> None:
    if before:
        client.indices.put_settings(index=index, settings=before)
    was = state(client, index)
    with fast_load(client, index):
        assert settings(client, index) == [("-1", "false", "0")]
        assert require_profile(client, index) == PROFILE
        client.index(index=index, id="1", document={"title": "a"})
        assert client.count(index=index)["count"] == 0
    assert client.count(index=index)["count"] == 1
    assert state(client, index) == was
    assert not restore(client, index)
    assert state(client, index) == was


def test_every_index_behind_the_alias(client: Elasticsearch, index: str) -> None:
    client.indices.rollover(alias=index)
    client.indices.put_settings(index=f"{index}-000002", settings={"index.refresh_interval": "9s"})
    was = state(client, index)
    with fast_load(client, index):
        assert settings(client, index) == [("-1", "false", "0")] * 2
    assert state(client, index) == was


def test_one_within_another_keeps_what_the_first_has_noted(
    client: Elasticsearch, index: str
) -> None:
    was = state(client, index)
    with fast_load(client, index):
        with fast_load(client, index):
            assert settings(client, index) == [("-1", "false", "0")]
        assert state(client, index) == was
    assert state(client, index) == was


def test_an_error_inside_goes_on_and_the_settings_come_back(
    client: Elasticsearch, index: str
) -> None:
    was = state(client, index)

    def load() -> None:
        with fast_load(client, index):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load()
    assert state(client, index) == was


@pytest.mark.parametrize("left", range(1, REQUESTS + 1))
def test_killed_at_any_moment_it_can_be_restored(
    client: Elasticsearch, load: Load, index: str, left: int
) -> None:
    was = state(client, index)
    assert load(index, left) == -signal.SIGKILL
    now = state(client, index)
    noted = any(NOTE_KEY in mapping["_meta"] for _, mapping in now.values())
    assert noted or now == was
    assert require_profile(client, index) == PROFILE
    if left == LOADING:
        assert settings(client, index) == [("-1", "false", "0")]
    assert restore(client, index) is noted
    assert state(client, index) == was
    assert require_profile(client, index) == PROFILE
    assert not restore(client, index)


def test_there_is_no_later_moment(load: Load, index: str) -> None:
    assert load(index, REQUESTS + 1) == 0


def test_the_next_fast_load_takes_over_what_a_killed_one_has_noted(
    client: Elasticsearch, load: Load, index: str
) -> None:
    was = state(client, index)
    load(index, LOADING)
    with fast_load(client, index):
        assert settings(client, index) == [("-1", "false", "0")]
    assert state(client, index) == was


def test_an_index_that_refuses_is_named_and_the_others_are_set_back(
    client: Elasticsearch, index: str
) -> None:
    client.indices.rollover(alias=index)
    was = state(client, index)
    block = {"index.blocks.read_only": True}
    client.indices.put_settings(index=f"{index}-000002", settings=block)
    try:
        with (
            pytest.raises(ClusterError, match=rf"'{index}' for a fast load.*403"),
            fast_load(client, index),
        ):
            pass
    finally:
        lifted = {"index.blocks.read_only": None}
        client.indices.put_settings(index=f"{index}-000002", settings=lifted)
    assert state(client, index) == was


def test_who_may_not_change_settings_leaves_nothing_behind(
    client: Elasticsearch, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note that only a privileged user can take away would lock the others out."""
    was = state(client, index)

    def refuse(**_: Any) -> None:
        meta = ApiResponseMeta(403, "1.1", HttpHeaders(), 0.0, NodeConfig("http", "es", 9200))
        raise AuthorizationException(
            "no manage", meta, {"error": {"reason": "no manage", "root_cause": []}}
        )

    with monkeypatch.context() as patch:
        patch.setattr(client.indices, "put_settings", refuse)
        with pytest.raises(ClusterError, match="no manage"), fast_load(client, index):
            pass
    assert state(client, index) == was
    assert not restore(client, index)


def test_an_end_that_is_refused_says_what_is_left_to_do(client: Elasticsearch, index: str) -> None:
    was = state(client, index)

    def load() -> None:
        with fast_load(client, index):
            client.indices.put_settings(index=index, settings={"index.blocks.read_only": True})

    with pytest.raises(ClusterError, match=f"`es-jina doctor {index}` sets them back") as raised:
        load()
    assert "\n" not in str(raised.value)
    client.indices.put_settings(index=index, settings={"index.blocks.read_only": None})
    assert restore(client, index)
    assert state(client, index) == was


def test_a_cluster_that_is_gone(index: str) -> None:
    with Cluster("http://127.0.0.1:9").connect() as nobody:
        with pytest.raises(ClusterError, match="cannot be reached"):
            restore(nobody, index)
        with pytest.raises(ClusterError, match="cannot be reached"), fast_load(nobody, index):
            pass
