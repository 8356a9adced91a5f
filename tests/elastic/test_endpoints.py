"""Endpoints on a cluster: put once, left alone, compared, replaced."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from elasticsearch import Elasticsearch, NotFoundError

from es_jina.elastic.endpoints import EndpointChange, put_endpoints, services
from es_jina.elastic.inference import ModelService, endpoints, read_request, write_request
from es_jina.errors import ClusterError
from es_jina.providers import profile_for
from es_jina.providers.base import V4
from es_jina.testing import StubApi
from tests.elastic.inference_double import InferenceDouble
from tests.elastic.inference_double.refusals import failed

PROFILE = replace(profile_for(V4), multi_vector=None)
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def model(server_url: str, stub: StubApi) -> ModelService:
    return ModelService("jina-embeddings-v4", server_url, stub.key)


def put(cluster: Elasticsearch, model: ModelService, **how: Any) -> list[EndpointChange]:
    return list(put_endpoints(cluster, endpoints("docs", PROFILE, model), **how))


def shown(cluster: Elasticsearch, name: str) -> dict[str, Any]:
    (found,) = cluster.inference.get(inference_id=name)["endpoints"]
    return dict(found)


def names(cluster: Elasticsearch) -> list[str]:
    every = ("docs-passage", "docs-query", "docs-passage-es-jina-trial", "docs-query-es-jina-trial")
    found = []
    for name in every:
        try:
            found.append(shown(cluster, name)["inference_id"])
        except NotFoundError:
            continue
    return found


def test_a_second_time_nothing_is_put(
    cluster: Elasticsearch, model: ModelService, inference: InferenceDouble
) -> None:
    assert [(c.state, c.written, c.failure) for c in put(cluster, model)] == [
        ("new", True, None)
    ] * 2
    asked = len(inference.sent)
    # A key cannot be compared.
    for again in (model, replace(model, key="another")):
        assert [(c.state, c.written) for c in put(cluster, again)] == [("same", False)] * 2
    assert len(inference.sent) == asked


def test_a_dry_run_puts_nothing(cluster: Elasticsearch, model: ModelService) -> None:
    assert [c.state for c in put(cluster, model, dry_run=True)] == ["new", "new"]
    assert names(cluster) == []


def test_another_address_is_shown_and_needs_force(
    cluster: Elasticsearch, model: ModelService, inference: InferenceDouble
) -> None:
    put(cluster, model)
    inference.pipelines["docs-passage"] = ["docs-passage"]
    other = replace(model, url=f"{model.url}/")
    assert [c.state for c in put(cluster, other)] == ["same", "same"]
    moved = replace(model, url=str(model.url).replace("127.0.0.1", "localhost"))
    passage, query = put(cluster, moved)
    assert (passage.state, passage.written) == ("changed", False)
    assert passage.difference == (
        f"- service_settings.url = {model.url}/v1/embeddings",
        f"+ service_settings.url = {moved.url}/v1/embeddings",
    )
    assert (passage.users, query.users) == (("pipeline docs-passage",), ())
    assert shown(cluster, "docs-passage")["service_settings"]["url"].startswith(str(model.url))
    assert all(c.written and c.failure is None for c in put(cluster, moved, force=True))
    assert shown(cluster, "docs-passage")["service_settings"]["url"].startswith(str(moved.url))
    assert names(cluster) == ["docs-passage", "docs-query"]


def test_a_request_is_compared_as_json(cluster: Elasticsearch, model: ModelService) -> None:
    ours = endpoints("docs", PROFILE, model)[0]
    sent = read_request(ours.body["service_settings"]["request"])
    backwards = write_request(dict(reversed(sent.items()))).replace(", ", " ,\n  ")
    for request, state in (
        (backwards, "same"),
        (write_request({**sent, "user": "somebody"}), "changed"),
    ):
        settings = {**ours.body["service_settings"], "request": request}
        other = replace(ours, body={**ours.body, "service_settings": settings})
        cluster.options(ignore_status=404).inference.delete(inference_id=ours.name, force=True)
        cluster.inference.put(
            task_type=ours.task, inference_id=ours.name, body=other.with_key(model.key)
        )
        (change,) = put_endpoints(cluster, [ours])
        assert (change.state, change.failure) == (state, None)


def test_the_key_is_never_shown(cluster: Elasticsearch, model: ModelService, stub: StubApi) -> None:
    put(cluster, replace(model, url=str(model.url)))
    wrong = replace(model, url=str(model.url).replace("127.0.0.1", "localhost"), key="wrong-key")
    for change in put(cluster, wrong, force=True):
        # This server repeats it.
        assert change.failure is not None
        assert "Invalid API key: [key]" in change.failure
        assert "wrong-key" not in repr(change)
    assert stub.key not in str(shown(cluster, "docs-query"))


def test_one_that_cannot_be_replaced_stays(cluster: Elasticsearch, model: ModelService) -> None:
    put(cluster, model)
    before = shown(cluster, "docs-passage")
    for change in put(cluster, replace(model, url=NOWHERE), force=True):
        assert not change.written
        assert change.failure is not None
        assert f"Elasticsearch itself calls {NOWHERE}/v1/embeddings to try it" in change.failure
    assert shown(cluster, "docs-passage") == before
    assert names(cluster) == ["docs-passage", "docs-query"]


@pytest.fixture
def refusing(inference: InferenceDouble, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Refuses docs-passage itself, though not its trial, so many times."""

    def refuse(times: int) -> None:
        real, left = inference._put, [failed(400, "the server starts")] * times

        def put_(task: str, name: str, asked: Any) -> Any:
            if name == "docs-passage" and left:
                raise left.pop()
            return real(task, name, asked)

        monkeypatch.setattr(inference, "_put", put_)

    return refuse


def test_one_that_was_deleted_is_put_again(
    cluster: Elasticsearch,
    model: ModelService,
    refusing: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(cluster, model)
    moved = replace(model, url=str(model.url).replace("127.0.0.1", "localhost"))
    refusing(1)
    assert [c.failure for c in put(cluster, moved, force=True)] == [None, None]
    assert names(cluster) == ["docs-passage", "docs-query"]

    monkeypatch.setattr("es_jina.elastic.endpoints._RESTORING", 0.01)
    refusing(100)
    passage, query = put(cluster, model, force=True)
    assert query.failure is None
    assert passage.failure is not None
    assert "the server starts" in passage.failure
    assert passage.failure.endswith(
        "the inference endpoint docs-passage was deleted before and is gone: to put it back, run "
        "the same setup again, with --force and the same options"
    )
    assert "\n" not in passage.failure
    assert names(cluster) == ["docs-query"]


def test_what_a_server_must_be_told_to_rerank(cluster: Elasticsearch, model: ModelService) -> None:
    rerank = endpoints("docs", profile_for(V4), model)[-1]
    # A stub of the hosted API knows no such model there.
    (change,) = put_endpoints(cluster, [rerank])
    assert "/v1/rerank to try it" in (change.failure or "")
    assert (change.failure or "").endswith("and that it was started with --index docs")


def test_what_a_trial_has_left_is_in_nobody_s_way(
    cluster: Elasticsearch, model: ModelService
) -> None:
    put(cluster, model)
    left = endpoints("docs", PROFILE, model)[0]
    trial = "docs-passage-es-jina-trial"
    cluster.inference.put(task_type=left.task, inference_id=trial, body=left.with_key(model.key))
    moved = replace(model, url=str(model.url).replace("127.0.0.1", "localhost"))
    assert [c.failure for c in put(cluster, moved, force=True)] == [None, None]
    assert names(cluster) == ["docs-passage", "docs-query"]


def test_fields_of_an_index_keep_what_their_vectors_were_made_with(
    cluster: Elasticsearch, model: ModelService, inference: InferenceDouble
) -> None:
    put(cluster, model)
    inference.indexes["docs-passage"] = ["notes"]
    moved = replace(model, url=str(model.url).replace("127.0.0.1", "localhost"))
    assert [c.failure for c in put(cluster, moved, force=True)] == [None, None]
    smaller = endpoints("docs", profile_for(V4, dense=PROFILE.dense), moved)[0]
    settings = {**smaller.body["service_settings"], "dimensions": 512}
    other = replace(smaller, body={**smaller.body, "service_settings": settings})
    (change,) = put_endpoints(cluster, [other], force=True)
    assert "semantic_text fields of index notes hold vectors of the" in (change.failure or "")
    assert names(cluster) == ["docs-passage", "docs-query"]


def test_a_key_that_is_new_or_gone_is_a_difference(
    cluster: Elasticsearch, model: ModelService
) -> None:
    put(cluster, model)
    (line,) = put(cluster, replace(model, key=None))[0].difference
    assert line == "- service_settings.headers.Authorization = Bearer ${api_key}"


def test_of_the_hosted_service_only_what_is_shown_is_compared(cluster: Elasticsearch) -> None:
    hosted = ModelService("jina-embeddings-v4", None, "the-key")
    made = put(cluster, hosted)
    assert [c.endpoint.task for c in made] == [*["text_embedding"] * 2, "embedding", "rerank"]
    assert {c.state for c in put(cluster, hosted)} == {"same"}
    changed = put(cluster, replace(hosted, model="jina-embeddings-v3"))
    assert [c.state for c in changed] == ["changed", "changed", "changed", "same"]
    assert changed[0].difference[0] == "- service_settings.model_id = jina-embeddings-v4"


def test_no_licence(
    cluster: Elasticsearch, model: ModelService, inference: InferenceDouble
) -> None:
    inference.licensed = False
    for change in put(cluster, model):
        assert "need an Enterprise licence or a trial" in (change.failure or "")
        assert "\n" not in (change.failure or "")


def test_services_and_their_tasks(cluster: Elasticsearch, client: Elasticsearch) -> None:
    assert "embedding" in services(cluster)["jinaai"]
    assert "embedding" not in services(cluster)["custom"]
    with pytest.raises(ClusterError, match="asking for the inference services"):
        services(client)
