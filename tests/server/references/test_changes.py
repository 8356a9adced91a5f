"""What becomes of an index while the server runs."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from elasticsearch import Elasticsearch

from es_jina.dense import dense_profiles
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.convert import Conversion
from es_jina.elastic.setup import set_up
from es_jina.errors import ProfileMismatchError, RequestError
from es_jina.inputs import Image, Task
from es_jina.providers import profile_for
from es_jina.providers.local import LocalProvider
from es_jina.server.references import ReferencedIndices
from es_jina.server.refused import INVALID, NOT_FOUND, RefusedError
from tests.server.indices import Maker
from tests.server.references.asking import Server, Shared, requests, searched
from tests.server.wire.asking import in_base64

if TYPE_CHECKING:
    from es_jina.profile import Store


def test_the_store_may_change_while_the_server_runs(
    ranked: Elasticsearch,
    provider: LocalProvider,
    index: str,
    make: Maker,
) -> None:
    expected = searched(ranked, index, make(ranked, "binary", "bit"), provider)
    able = Capabilities.detect(ranked)
    server = Server(ranked, provider, index)
    references = sorted(expected)
    stores: tuple[Store, Store] = ("rank_vectors", "binary")
    for store in stores:
        assert Conversion(ranked, index, store, able).run() is not None
        found = server.scores(index, references)
        assert [*found] == [*expected]
        assert found == pytest.approx(expected, abs=1e-4)
        with requests(ranked) as sent:
            assert server.scores(index, references) == found
        assert len(sent) == 1


def test_an_index_may_be_made_anew_while_the_server_runs(
    client: Elasticsearch, provider: LocalProvider, index: str, make: Maker
) -> None:
    make(client, "binary", "float")
    server = Server(client, provider, index)
    client.indices.delete(index=f"{index}-000001")
    profile = make(client, "binary", "byte")
    expected = searched(client, index, profile, provider)
    assert server.scores(index, sorted(expected)) == pytest.approx(expected, abs=1e-7)


def test_queries_change_with_the_index(
    client: Elasticsearch, provider: LocalProvider, index: str, make: Maker, folder: Path
) -> None:
    make(client)
    server = Server(client, provider, index)
    client.indices.delete(index=f"{index}-000001")
    query_task, passage_task = Task.CODE_QUERY, Task.CODE_PASSAGE
    profile = make(client, max_pixels=3136, query_task=query_task, passage_task=passage_task)
    picture = folder / "teal.png"
    expected = searched(client, index, profile, provider, Image(picture))
    first = server.scores(index, sorted(expected), query={"image": in_base64(picture.read_bytes())})
    assert first == pytest.approx(expected, abs=1e-7)
    assert [(each.task, each.max_pixels) for each in server.service.asked[1:]] == [
        (Task.CODE_QUERY, 3136)
    ]


def test_documents_written_by_hand_cost_no_reading_each_time(
    client: Elasticsearch,
    provider: LocalProvider,
    shared: Shared,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr("es_jina.server.references.monotonic", lambda: now)
    index, (best, *_) = shared.index, shared.expected
    for ident, fields in (("by-hand", {}), ("foreign", {"profile": "0123456789ab"})):
        client.index(index=index, id=ident, document={"text": "fox", **fields}, refresh=True)
    server = Server(client, provider, index)

    def number(*references: str) -> int:
        with requests(client) as sent:
            assert server.scores(index, references)[best] > 0
        return len(sent)

    assert number(best) == 1
    # The profile is read between two searches.
    assert [number(best, "by-hand") for _ in range(3)] == [3, 1, 1]
    assert [number(best, "foreign", "by-hand") for _ in range(3)] == [3, 1, 1]
    now += 11
    assert [number(best, "by-hand") for _ in range(2)] == [3, 1]


def test_an_index_that_does_not_fit_is_refused_at_the_start(
    client: Elasticsearch, provider: LocalProvider, capabilities: Capabilities, index: str
) -> None:
    with pytest.raises(RequestError, match=f"no index '{index}'; create it with `es-jina setup"):
        ReferencedIndices(client, [index], provider.model)
    profile = profile_for(provider.model, dense=dense_profiles(128), store=None)
    set_up(client, index, profile, capabilities)
    with pytest.raises(RequestError, match="has no multi-vectors, so its documents"):
        ReferencedIndices(client, [index], provider.model)
    other = replace(provider.model, name="other", revision="1")
    with pytest.raises(ProfileMismatchError, match="but the model at hand is other"):
        ReferencedIndices(client, [index], other)


def test_vectors_of_another_size_are_refused_at_the_start(
    client: Elasticsearch, provider: LocalProvider, shared: Shared
) -> None:
    other = replace(provider.model, multi_dims=64)
    with pytest.raises(ProfileMismatchError, match="128 dims, and the model at hand makes 64"):
        ReferencedIndices(client, [shared.index], other)


def test_an_index_that_is_gone_or_of_another_kind_is_named(
    client: Elasticsearch,
    provider: LocalProvider,
    capabilities: Capabilities,
    index: str,
    make: Maker,
) -> None:
    profile = make(client)
    server = Server(client, provider, index)
    others = [
        (replace(profile, multi_vector=None), "has no multi-vectors"),
        (replace(profile, model="other", revision="1"), "was made with other"),
    ]
    client.indices.delete(index=f"{index}-000001")
    with pytest.raises(RefusedError) as raised:
        server.ask(index, ["a"])
    assert (raised.value.status, raised.value.code) == (404, NOT_FOUND)
    assert raised.value.detail == (
        f"there is no index '{index}'; create it with `es-jina setup {index}`"
    )
    for other, told in others:
        set_up(client, index, other, capabilities)
        document = {"profile": other.fingerprint}
        client.index(index=index, id="a", document=document, refresh=True)
        with pytest.raises(RefusedError, match=f"the index '{index}' {told}") as raised:
            server.ask(index, ["a"])
        assert (raised.value.status, raised.value.code) == (400, INVALID)
        client.indices.delete(index=f"{index}-000001")
