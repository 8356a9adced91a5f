"""Adding to an index through a server that runs."""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from elasticsearch import Elasticsearch

from es_jina.dense import dense_profiles
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.providers import profile_for
from tests.server.running import PATIENCE, Gated, Running, running

PATH = "/v1/sources"
Event = dict[str, Any]


@dataclass(frozen=True)
class Added:
    """A server that adds files.

    Attributes:
        server: that runs.
        client: of the cluster.
        index: that it serves.
        folder: where it keeps files.
        provider: that embeds for it.
    """

    server: Running
    client: Elasticsearch
    index: str
    folder: Path
    provider: Gated

    def file(self, name: str, content: bytes, **query: str) -> list[Event]:
        """Add a file; return what is told."""
        return self._told(content=content, params={"name": name, **query})

    def address(self, url: str) -> list[Event]:
        """Add what is at an address; return what is told."""
        return self._told(json={"url": url})

    def failure(self, name: str, content: bytes, **query: str) -> str:
        """Add a file that fails; return why, once nothing of it is left."""
        before = self.state()
        end = self.file(name, content, **query)[-1]
        assert self.state() == before
        assert (end["units"], end["refs"], end["source"]) == (0, [], None)
        (failed,) = end["failed"]
        assert failed["name"] == name
        assert str(self.folder) not in failed["error"]
        return str(failed["error"])

    @contextmanager
    def sending(self, name: str, content: bytes) -> Iterator[Iterator[Event]]:
        """Add a file over a connection of its own; yield what is told, as it comes."""
        form = {"params": {"name": name}, "content": content, "timeout": PATIENCE}
        url = f"{self.server.url}{PATH}"
        with httpx.stream("POST", url, **form) as answer:  # type: ignore[arg-type]
            assert answer.status_code == 200, answer.read()
            yield map(json.loads, answer.iter_lines())

    def document(self, ref: str) -> dict[str, Any]:
        """Return a document."""
        source: dict[str, Any] = self.client.get(index=self.index, id=ref)["_source"]
        return source

    def found(self, words: str) -> list[str]:
        """Return the ids of what holds some words."""
        query = {"match": {"text": {"query": words, "operator": "and"}}}
        hits = self.client.search(index=self.index, query=query)["hits"]["hits"]
        return [hit["_id"] for hit in hits]

    def state(self) -> tuple[list[Path], int]:
        """Return the files that are kept, hidden ones too, and the number of documents."""
        files = sorted(each for each in self.folder.rglob("*") if not each.is_dir())
        self.client.indices.refresh(index=self.index)
        return files, self.client.count(index=self.index)["count"]

    def waiting(self) -> int:
        """Return how many inputs wait for the model."""
        (found,) = re.findall(r"^es_jina_queue_size (\d+)", self.server.get("/metrics").text, re.M)
        return int(found)

    def _told(self, **request: Any) -> list[Event]:
        answer = self.server.client.post(PATH, **request)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/x-ndjson"
        return [json.loads(line) for line in answer.text.splitlines()]


def until(true: Callable[[], object]) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def new_index(client: Elasticsearch, provider: Any) -> Iterator[str]:
    """Make an empty index."""
    index = f"test-{uuid.uuid4().hex[:10]}"
    profile = profile_for(provider.model, dense=dense_profiles(128))
    set_up(client, index, profile, Capabilities.detect(client))
    yield index
    client.indices.delete(index=f"{index}-000001")
    client.indices.delete_index_template(name=f"es-jina-{index}")


@contextmanager
def adding(
    client: Elasticsearch, provider: Any, index: str, folder: Path, **settings: Any
) -> Iterator[Added]:
    """Serve an index that files may be added to."""
    gated = Gated(provider)
    more = {"indices": (index,), "uploads": folder, **settings}
    with running(gated, client=client, **more) as server:
        yield Added(server, client, index, folder, gated)
