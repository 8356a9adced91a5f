import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from es_jina.inputs import Task, Text
from es_jina.providers.local import LocalProvider
from es_jina.server.limits import Limits
from es_jina.server.refused import MODEL_NOT_FOUND, RefusedError
from es_jina.server.rerank import rerank
from es_jina.server.wire.rerank import RerankRoute
from es_jina.server.wire.rerank_body import RerankAnswer, RerankBody
from tests.search.corpus import teal
from tests.server.services import PlainService, wire_files

DOCUMENTS = ["A lazy dog.", "The quick brown fox.", "Strom aus der Sonne."]


def name_model(asked: str | None) -> str:
    if asked not in (None, "jina-embeddings-v4"):
        raise RefusedError(400, f"no model {asked!r} is served", MODEL_NOT_FOUND)
    return "jina-embeddings-v4"


Ask = Callable[..., Any]


@pytest.fixture
def service(provider: LocalProvider) -> PlainService:
    return PlainService(provider)


@pytest.fixture
def ask(service: PlainService) -> Ask:
    def answer(**body: Any) -> Any:
        route = RerankRoute(service, wire_files(), name_model)
        told = asyncio.run(route.answer(json.dumps({"query": "fox", **body}).encode()))
        RerankAnswer.model_validate_json(told)
        return json.loads(told)

    return answer


@pytest.fixture
def picture(tmp_path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(teal(tmp_path).read_bytes()).decode()


def refusal(ask: Ask, **body: Any) -> Any:
    with pytest.raises(RefusedError) as raised:
        ask(**body)
    return raised.value


def problem(ask: Ask, **body: Any) -> tuple[str, str]:
    """Return the field that is wrong and why."""
    error = refusal(ask, **body)
    assert error.status == 422
    told = error.body("id")["errors"]
    assert len(told) == 1
    assert told[0]["field"] in error.detail
    return told[0]["field"].removeprefix("body -> "), told[0]["message"]


def test_the_answer_has_the_hosted_form(ask: Ask, service: PlainService) -> None:
    told = ask(documents=DOCUMENTS, model="jina-embeddings-v4")
    done = asyncio.run(rerank(service, Text("fox"), [*map(Text, DOCUMENTS)]))
    assert list(told) == ["model", "object", "usage", "results"]
    assert told["model"] == "jina-embeddings-v4"
    assert told["object"] == "list"
    assert told["usage"] == {"total_tokens": done.tokens}
    assert {each["index"] for each in told["results"]} == {0, 1, 2}
    scores = [each["relevance_score"] for each in told["results"]]
    assert scores == sorted(scores, reverse=True)
    for each in told["results"]:
        assert list(each) == ["index", "relevance_score", "document"]
        assert each["relevance_score"] == round(done.scores[each["index"]], 8)
        assert each["document"] == {"text": DOCUMENTS[each["index"]]}


def test_ties_are_in_the_order_of_the_request(ask: Ask) -> None:
    told = ask(documents=["same", "same", {"text": "same"}, "same"])
    assert [each["index"] for each in told["results"]] == [0, 1, 2, 3]
    assert len({each["relevance_score"] for each in told["results"]}) == 1


@pytest.mark.parametrize("name", ["top_n", "top_k"])
def test_the_best_alone(ask: Ask, name: str) -> None:
    whole = ask(documents=DOCUMENTS)["results"]
    assert ask(documents=DOCUMENTS, **{name: 2})["results"] == whole[:2]
    assert ask(documents=DOCUMENTS, **{name: 99})["results"] == whole
    assert ask(documents=DOCUMENTS, **{name: None})["results"] == whole


def test_images_as_query_and_as_documents(ask: Ask, picture: str) -> None:
    documents = ["A fox.", {"image": picture}, picture]
    told = ask(query={"image": picture}, documents=documents)
    assert [each["index"] for each in told["results"]] == [1, 2, 0]
    assert told["results"][0]["relevance_score"] == told["results"][1]["relevance_score"]
    # Images are not sent back unless that is asked for.
    assert [each.get("document") for each in told["results"]] == [None, None, {"text": "A fox."}]
    told = ask(query=picture, documents=documents, return_documents=True)
    assert [each["document"] for each in told["results"]] == [
        {"image": picture},
        {"image": picture},
        {"text": "A fox."},
    ]
    told = ask(documents=documents, return_documents=False)
    assert all(list(each) == ["index", "relevance_score"] for each in told["results"])


def test_a_data_uri_is_never_read_as_text(ask: Ask, picture: str) -> None:
    documents = ["A fox.", {"image": picture}, f" {picture}", {"text": picture}]
    told = ask(query={"text": picture}, documents=documents, return_documents=True)
    assert [each["index"] for each in told["results"]] == [1, 2, 3, 0]
    assert len({each["relevance_score"] for each in told["results"]}) == 2
    assert [each["document"] for each in told["results"]] == [
        {"image": picture},
        {"image": f" {picture}"},
        {"image": picture},
        {"text": "A fox."},
    ]
    told = ask(query=picture, documents=documents)
    assert [each.get("document") for each in told["results"]] == [None] * 3 + [{"text": "A fox."}]
    file = "data:application/pdf;base64,JVBERg=="
    assert problem(ask, documents=["a", file])[0] == "documents -> 1"
    assert problem(ask, documents=["a", {"text": file}])[0] == "documents -> 1 -> text"
    assert problem(ask, query=file, documents=["a"])[0] == "query"


def test_an_image_that_is_none_is_named(ask: Ask) -> None:
    field, told = problem(ask, documents=["a", {"image": "nothing!"}])
    assert field == "documents -> 1 -> image"
    assert "neither base64" in told


@pytest.mark.parametrize("name", ["truncate", "truncation"])
def test_what_is_unknown_is_ignored_and_aliases_are_known(
    ask: Ask, service: PlainService, name: str
) -> None:
    ask(documents=[{"text": "a", "id": 7}], normalized=True, max_tokens_per_doc=9, **{name: True})
    assert [each.truncate for each in service.asked] == [True, True]
    assert {each.task for each in service.asked} == {Task.RETRIEVAL_QUERY, Task.RETRIEVAL_PASSAGE}


def test_what_is_wrong_is_said_by_field(ask: Ask, service: PlainService) -> None:
    assert problem(ask, documents=[])[0] == "documents"
    assert problem(ask) == ("documents", "Field required")
    assert problem(ask, documents=["a", 5])[0] == "documents -> 1"
    assert problem(ask, documents=["a", {"text": 5}])[0] == "documents -> 1 -> text"
    one_of = 'give {"text"} or {"image"}, one of them'
    assert problem(ask, documents=["a", {}]) == ("documents -> 1", one_of)
    assert problem(ask, query={"text": "a", "image": "b"}, documents=["a"]) == ("query", one_of)
    assert problem(ask, query=None, documents=["a"])[0] == "query"
    assert problem(ask, query=" ", documents=["a"]) == ("query", "the query is empty")
    assert problem(ask, documents=["a"], top_n=0)[0] == "top_n"
    service.limits = Limits(items=2)
    assert problem(ask, documents=DOCUMENTS) == (
        "documents",
        "Each input list can contain at most 2 items; this has 3",
    )
    assert service.asked == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b'"x"', b'{"query": "\\ud800"}'])
def test_a_body_that_is_none_is_refused(service: PlainService, body: bytes) -> None:
    route = RerankRoute(service, wire_files(), name_model)
    with pytest.raises(RefusedError) as raised:
        asyncio.run(route.answer(body))
    assert raised.value.status == 422
    json.dumps(raised.value.body("id"))
    assert "\n" not in raised.value.detail


def test_another_model_is_refused(ask: Ask) -> None:
    assert refusal(ask, documents=["a"], model="bert").code == MODEL_NOT_FOUND


def test_references_are_refused_where_no_index_is_served(ask: Ask) -> None:
    error = refusal(ask, documents=["a"], index="docs")
    assert (error.status, error.detail) == (
        403,
        "documents may not be named here: start the server with --index and the name of the index "
        "that they are in",
    )


def test_the_schema_can_be_shown() -> None:
    told = RerankBody.model_json_schema()
    assert told["required"] == ["query", "documents"]
    assert "index" in told["properties"]
    assert RerankAnswer.model_json_schema()["required"] == ["model", "object", "usage", "results"]
