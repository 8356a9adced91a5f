"""`GET /v1/indices`: what is told of the indices that are served."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.dense import dense_profiles
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.profile import MultiVectorProfile
from es_jina.providers import profile_for
from es_jina.providers.base import ModelInfo
from es_jina.providers.local import LocalProvider
from es_jina.providers.toy import Toy
from es_jina.server.keys import Keys, add_key
from es_jina.server.limits import Limits
from es_jina.server.web.index_bodies import IndexList
from tests.server.running import Gated, Running, running
from tests.toys import ABOUT


def listed(server: Running, **more: Any) -> Any:
    answer = server.get("/v1/indices", **more)
    assert answer.status_code == 200, answer.text
    IndexList.model_validate_json(answer.content)
    return answer.json()


def test_indices_are_told(web: Running, searched: str, provider: LocalProvider) -> None:
    told = listed(web)
    (index,) = told["indices"]
    assert (index["name"], index["documents"]) == (searched, 4)
    assert index["kinds"] == {"page": 0, "image": 1, "text": 3}
    assert index["modes"] == ["hybrid", "late", "dense", "text"]
    assert "128 dims" in index["profile"]
    assert index["profile"].startswith("checkpoint; ")
    assert index["pooled"] is False
    assert index["max_pixels"] == provider.model.max_pixels
    assert told["model"] == {"name": "checkpoint", "toy": None}
    assert told["examples"] == [{"query": "a fox"}]
    assert (told["can_add"], told["fetches_urls"]) == (False, False)
    limits = Limits()
    assert told["limits"] == {"body_bytes": limits.body_bytes, "image_bytes": limits.image_bytes}


class ToyProvider(Gated):
    """Says that it is a toy which knows the fox."""

    @property
    def model(self) -> ModelInfo:
        return replace(super().model, toy=Toy(ABOUT, frozenset({"fox", "quick"})))


def test_a_toy_and_an_index_without_multi_vectors_and_one_that_goes_away(
    client: Elasticsearch, provider: LocalProvider, searched: str, index: str, tmp_path: Path
) -> None:
    plain = profile_for(provider.model, dense=dense_profiles(128), store=None)
    set_up(client, index, plain, Capabilities.detect(client, fields=False))
    file = tmp_path / "keys"
    headers = {"Authorization": f"Bearer {add_key(file, 'page')}"}
    with running(
        ToyProvider(provider),
        client=client,
        indices=(index, searched),
        keys=Keys(file),
        allow_image_urls=True,
    ) as server:
        for method, path in (("GET", "/v1/indices"), ("POST", "/v1/search")):
            refused = server.ask(method, path)
            assert (refused.status_code, refused.json()["code"]) == (401, "AUTH_MISSING_API_KEY")
        told = listed(server, headers=headers)
        assert [each["name"] for each in told["indices"]] == [index, searched]
        assert told["indices"][0]["modes"] == ["hybrid", "dense", "text"]
        assert told["indices"][0]["documents"] == 0
        assert told["model"] == {"name": "the demo's toy", "toy": ABOUT}
        assert told["examples"] == []
        assert told["fetches_urls"] is True

        def post(path: str, **body: Any) -> Any:
            return server.post(path, body, headers=headers)

        found = post("/v1/search", index=searched, query="quick pink fox").json()
        assert found["unknown"] == ["pink"]
        words = {"index": searched, "query": "quick pink fox", "mode": "text"}
        assert post("/v1/search", **words).json()["unknown"] == []
        nothing = post("/v1/search", index=index, query="fox").json()
        assert (nothing["hits"], nothing["total_shown"]) == ([], 0)
        several = post("/v1/search", query="fox")
        assert several.status_code == 400
        assert "several indices are served" in several.json()["detail"]
        late = post("/v1/search", index=index, query="fox", mode="late")
        assert late.status_code == 400
        assert "has no multi-vectors: use mode dense or hybrid" in late.json()["detail"]
        named = post("/v1/rerank", index=index, query="fox", documents=["a"])
        assert named.status_code == 403
        assert "it must have multi-vectors" in named.json()["detail"]

        client.indices.delete(index=f"{index}-000001")
        assert [each["name"] for each in listed(server, headers=headers)["indices"]] == [searched]


def test_an_index_that_is_gone_is_said(
    client: Elasticsearch, provider: LocalProvider, index: str
) -> None:
    multi = MultiVectorProfile("binary", "bit", pool_factor=2)
    profile = profile_for(provider.model, dense=dense_profiles(128))
    able = Capabilities.detect(client, fields=False)
    set_up(client, index, replace(profile, multi_vector=multi), able)
    with running(provider, client=client, indices=(index,)) as server:
        assert listed(server)["indices"][0]["pooled"] is True
        client.indices.delete(index=f"{index}-000001")
        gone = server.get("/v1/indices")
        assert gone.status_code in (400, 404)
        assert f"there is no index '{index}'" in gone.json()["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods_are_none(web: Running, method: str) -> None:
    assert web.ask(method, "/v1/indices").status_code == 405
