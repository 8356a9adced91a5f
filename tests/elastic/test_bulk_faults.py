"""A real node that takes only small requests, or whose index is read-only."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.bulk import Action, BulkWriter
from es_jina.elastic.client import Cluster
from es_jina.elastic.node import Node

from .bulk_double import some

LIMIT = 1_000_000


@pytest.fixture(scope="module")
def small(open_folder: Path, real_java: Path) -> Iterator[Node]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ES_JINA_DATA", str(open_folder / "small-registry"))
        settings = {"http.max_content_length": f"{LIMIT}b"}
        with Node(open_folder / "small", settings=settings) as running:
            yield running


@pytest.fixture
def small_client(small: Node) -> Iterator[Elasticsearch]:
    with Cluster(small.url).connect() as connected:
        yield connected


def present(client: Elasticsearch, index: str) -> int:
    client.indices.refresh(index=index)
    count: int = client.count(index=index)["count"]
    return count


def test_a_small_limit_is_learned_and_what_exceeds_it_fails_alone(
    small_client: Elasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    perform = Elasticsearch.perform_request

    def noted(self: Elasticsearch, *args: object, **kwargs: object) -> object:
        if isinstance(body := kwargs.get("body"), bytes):
            sizes.append(len(body))
        return perform(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Elasticsearch, "perform_request", noted)
    actions = [Action(f"{n}", {"text": "x" * 50_000}) for n in range(600)]
    actions.insert(300, Action("huge", {"text": "x" * 2 * LIMIT}))
    with BulkWriter(small_client, "limit") as writer:
        outcomes = list(writer.write(actions))
    assert sorted(o.id for o in outcomes) == sorted(action.id for action in actions)
    (failed,) = [outcome for outcome in outcomes if outcome.error]
    assert failed.id == "huge"
    assert str(failed.error).startswith("413: 2,000,")
    assert present(small_client, "limit") == 600
    # Not one refusal for each request: those that were under way when the first was heard, and
    # the pieces of them.
    assert len([size for size in sizes if size > LIMIT]) < 25


@pytest.mark.parametrize("block", ["write", "read_only", "read_only_allow_delete"])
def test_an_index_that_is_read_only_for_now(client: Elasticsearch, index: str, block: str) -> None:
    name = f"{index}-000001"
    client.indices.create(index=name)
    client.indices.put_settings(index=name, settings={f"index.blocks.{block}": True})
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            client.indices.put_settings(index=name, settings={f"index.blocks.{block}": None})

    with BulkWriter(client, name, sleep=sleep) as writer:
        outcomes = list(writer.write(some("a", "b")))
    assert {outcome.id: outcome.error for outcome in outcomes} == {"a": None, "b": None}
    assert len(pauses) == 2


def test_an_index_that_stays_read_only(client: Elasticsearch, index: str) -> None:
    name = f"{index}-000001"
    client.indices.create(index=name)
    client.indices.add_block(index=name, block="write")
    with BulkWriter(client, name, retry_for=0.1) as writer:
        (outcome,) = writer.write(some(uuid.uuid4().hex))
    assert str(outcome.error).startswith(f"403: index [{name}] blocked by: [FORBIDDEN/8/")
    assert "\n" not in str(outcome.error)
