"""The indices that are served, and what becomes of them while the server runs."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from elastic_transport import ConnectionError as EsConnectionError
from elasticsearch import Elasticsearch

from es_jina.dense import dense_profiles
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.convert import Conversion
from es_jina.elastic.setup import set_up
from es_jina.errors import ProfileMismatchError, RequestError
from es_jina.inputs import Text
from es_jina.providers import profile_for
from es_jina.providers.local import LocalProvider
from es_jina.server.refused import RefusedError
from es_jina.server.web.served import ServedIndex, ServedIndices
from tests.server.indices import Maker, sources
from tests.server.references.asking import requests
from tests.server.services import PlainService


def served(client: Elasticsearch, provider: Any, *names: str) -> ServedIndices:
    return ServedIndices(client, names, PlainService(provider))


def best(index: ServedIndex) -> str:
    return index.searcher().search(Text("the quick brown fox"), "late").hits[0].kind


@pytest.fixture
def make(index: str, provider: LocalProvider, tmp_path: Path) -> Maker:
    return Maker(index, provider, sources(tmp_path))


def test_indices_are_named(client: Elasticsearch, provider: LocalProvider, searched: str) -> None:
    one = served(client, provider, searched, searched)
    assert one.names == one.with_multi_vectors == (searched,)

    async def ask() -> None:
        index = await one.get(None)
        assert (index.name, index.profile.dims) == (searched, (128,))
        for name in ("", "*", f"{searched}-000001", f"{searched},{searched}"):
            with pytest.raises(RefusedError, match="is not served here: choose from") as raised:
                await one.get(name)
            assert raised.value.status == 404

    asyncio.run(ask())


def test_one_of_several_must_be_named(
    client: Elasticsearch, provider: LocalProvider, searched: str, index: str
) -> None:
    profile = profile_for(provider.model, dense=dense_profiles(128), store=None)
    set_up(client, index, profile, Capabilities.detect(client, fields=False))
    both = served(client, provider, searched, index)
    assert (both.names, both.with_multi_vectors) == ((searched, index), (searched,))
    with pytest.raises(RefusedError, match=f"name one in `index`, of {searched}, {index}"):
        asyncio.run(both.get(None))
    assert asyncio.run(both.get(index)).profile == profile


def test_what_cannot_be_served(
    client: Elasticsearch, provider: LocalProvider, searched: str
) -> None:
    with pytest.raises(RequestError, match="no index 'nowhere'; create it with `es-jina setup"):
        served(client, provider, searched, "nowhere")
    other = replace(provider.model, name="other", revision="1")
    with pytest.raises(ProfileMismatchError, match="but the model at hand is other"):
        ServedIndices(client, [searched], FakeModel(other))


class FakeModel(PlainService):
    """Says that it runs another model."""

    def __init__(self, model: Any) -> None:
        self._model = model

    @property
    def model(self) -> Any:
        return self._model


def test_a_profile_is_read_again_after_a_while(
    client: Elasticsearch,
    provider: LocalProvider,
    searched: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr("es_jina.server.web.served.monotonic", lambda: now)
    indices = served(client, provider, searched)
    with requests(client) as sent:
        asyncio.run(indices.get(searched))
        assert sent == []
        now += 2.1

        async def many() -> None:
            await asyncio.gather(*(indices.get(searched) for _ in range(5)))

        asyncio.run(many())
    assert sent == [f"GET /{searched}/_mapping"]


def test_an_index_may_change_while_the_server_runs(
    ranked: Elasticsearch,
    provider: LocalProvider,
    index: str,
    make: Maker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr("es_jina.server.web.served.monotonic", lambda: now)
    make(ranked, "binary", "bit")
    able = Capabilities.detect(ranked)
    indices = served(ranked, provider, index)

    async def ask() -> str:
        return await indices.ask(None, best, "searching")

    assert asyncio.run(ask()) == "text"
    assert Conversion(ranked, index, "rank_vectors", able).run() is not None
    # Nobody notices.
    assert asyncio.run(ask()) in ("text", "image")
    now += 2.1
    multi = asyncio.run(indices.get(None)).profile.multi_vector
    assert multi is not None
    assert multi.store == "rank_vectors"
    assert asyncio.run(ask()) == "text"
    for made in ranked.indices.get_settings(index=f"{index}-0*", name="index.uuid"):
        ranked.indices.delete(index=made)
    with pytest.raises(RefusedError, match=f"there is no index '{index}'") as raised:
        asyncio.run(ask())
    assert raised.value.status == 404
    make(ranked, "binary", "byte")
    # Elasticsearch refuses what is for the other store: the profile is read at once.
    assert asyncio.run(ask()) == "text"
    with requests(ranked) as sent:
        assert asyncio.run(ask()) == "text"
    assert len(sent) == 1


def test_who_cannot_be_reached_is_asked_again_later(
    client: Elasticsearch,
    provider: LocalProvider,
    searched: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    indices = served(client, provider, searched)

    def unreachable(*_args: Any, **_more: Any) -> Any:
        raise EsConnectionError("refused by 10.0.0.1")

    monkeypatch.setattr(client.transport, "perform_request", unreachable)
    with pytest.raises(RefusedError, match="Elasticsearch does not answer just now") as raised:
        asyncio.run(indices.ask(None, best, "searching"))
    assert (raised.value.status, raised.value.retry_after) == (503, 5)
    assert "10.0.0.1" not in raised.value.detail
