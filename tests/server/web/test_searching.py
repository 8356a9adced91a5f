"""`POST /v1/search` over a real index, on a real socket."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from PIL import Image as PilImage

from es_jina.providers.local import LocalProvider
from es_jina.server.web.search_body import SearchAnswer
from tests.server.running import Running

URL = "/v1/search"


def found(web: Running, **body: Any) -> dict[str, Any]:
    """Return the answer to a search."""
    answer = web.post(URL, body)
    assert answer.status_code == 200, answer.text
    SearchAnswer.model_validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    return told


def names(told: dict[str, Any]) -> list[str]:
    return [hit["name"] for hit in told["hits"]]


def refused(web: Running, body: Any, status: int, words: str) -> None:
    answer = web.post(URL, body)
    told = answer.json()
    assert answer.status_code == status, told
    assert words in told["detail"]
    assert "\n" not in told["detail"]
    assert told["request_id"] == answer.headers["X-Request-ID"]


def picture(colour: str = "teal") -> str:
    file = BytesIO()
    PilImage.new("RGB", (60, 40), colour).save(file, "png")
    return base64.b64encode(file.getvalue()).decode()


def test_what_is_found_is_told_whole(web: Running, searched: str) -> None:
    told = found(web, query="the quick brown fox", explain=True)
    assert (told["index"], told["mode"]) == (searched, "hybrid")
    assert told["unknown"] == []
    assert {"embed", "words", "nearest", "late"} <= {stage["name"] for stage in told["stages"]}
    assert told["took"].keys() == {"embed_ms", "search_ms"}
    assert told["total_shown"] == len(told["hits"]) == 4
    assert [hit["rank"] for hit in told["hits"]] == [1, 2, 3, 4]
    (fox,) = [hit for hit in told["hits"] if hit["name"] == "fox.md"]
    assert fox["title"] == "About fox"
    assert fox["uri"].startswith("file:///")
    assert fox["uri"].endswith("/fox.md")
    assert (fox["kind"], fox["chunk"], fox["page"], fox["picture"]) == ("text", 1, None, False)
    marked = {fox["snippet"][first:end] for first, end in fox["highlights"]}
    assert {"quick", "brown", "fox"} <= marked
    assert fox["stages"].keys() >= {"words", "nearest", "late"}
    assert fox["stages"]["words"]["rank"] == 1
    assert fox["score"] == fox["stages"]["late"]["score"]
    (teal,) = [hit for hit in told["hits"] if hit["kind"] == "image"]
    assert (teal["name"], teal["picture"]) == ("teal.png", True)


@pytest.mark.parametrize(
    ("mode", "stages"),
    [("text", ["words"]), ("dense", ["embed", "nearest"]), ("late", ["embed", "nearest", "late"])],
)
def test_modes(web: Running, mode: str, stages: list[str]) -> None:
    told = found(web, query="brown fox sleeps", mode=mode)
    assert told["mode"] == mode
    assert [stage["name"] for stage in told["stages"]] == stages
    assert {name for hit in told["hits"] for name in hit["stages"]} == {*stages} - {"embed"}


def test_pages_follow_one_another(web: Running, searched: str) -> None:
    whole = found(web, index=searched, query="a lazy dog")["hits"]
    pages = [
        found(web, query="a lazy dog", size=2, **{"from": first})["hits"] for first in (0, 2, 4)
    ]
    assert [*pages[0], *pages[1]] == whole
    assert pages[2] == []


def test_filters(web: Running) -> None:
    def kinds(*wanted: str) -> set[str]:
        told = found(web, query="fox", mode="dense", filters={"kind": wanted})
        return {hit["kind"] for hit in told["hits"]}

    assert kinds("image") == {"image"}
    assert kinds("text", "image") == {"text", "image"}
    assert kinds("page") == set()
    uri = found(web, query="dog", mode="text")["hits"][0]["uri"]
    assert names(found(web, query="fox", filters={"source": uri})) == ["dog.md"]
    assert names(found(web, query="fox", filters={"source": uri, "kind": ["image"]})) == []
    assert names(found(web, query="fox", filters={"source": "* OR kind:image"})) == []
    assert len(names(found(web, query="fox", filters={}))) == 4


def test_a_picture_is_searched_by(web: Running) -> None:
    for image in (picture(), f"data:image/png;base64,{picture()}"):
        told = found(web, image=image, mode="dense")
        assert names(told)[0] == "teal.png"
        # That of the query and that of a passage are of one adapter.
        assert told["hits"][0]["score"] == pytest.approx(1, abs=0.02)
    assert found(web, image=picture(), mode="hybrid")["hits"][0]["stages"]["late"]["rank"] == 1


def test_more_like_this_one(web: Running) -> None:
    everything = {hit["name"]: hit["ref"] for hit in found(web, query="fox", mode="dense")["hits"]}
    for name, ref in everything.items():
        for mode in ("dense", "late", "hybrid"):
            told = found(web, ref=ref, mode=mode)
            assert {*names(told)} == everything.keys() - {name}
            assert told["took"]["embed_ms"] < 50
            assert told["unknown"] == []
            own = {"ref": ref, "mode": mode, "itself": True}
            assert names(found(web, **own)) == [name, *names(told)]
            # In parts, too.
            assert names(found(web, **own, size=1)) == [name]
            behind = found(web, **own, **{"from": 2}, size=2)
            assert names(behind) == names(told)[1:3]
            assert [hit["rank"] for hit in behind["hits"]] == [3, 4]
    refused(web, {"ref": "none"}, 404, "has no document 'none'")
    refused(web, {"ref": everything["fox.md"], "mode": "text"}, 400, "vectors have no words")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, "give `query`, `image` or `ref`, one of them"),
        ({"query": "a", "image": "b"}, 422, "one of them"),
        ({"query": "a", "ref": "b"}, 422, "one of them"),
        ([], 422, "body"),
        (None, 422, "body"),
        (b"", 422, "body"),
        (b"{", 422, "body"),
        (b"\xff\xfe", 422, "body"),
        (b'{"query": "\\ud800"}', 422, "body"),
        ({"query": 1}, 422, "query"),
        ({"query": ["a"]}, 422, "query"),
        ({"query": {"text": "a"}}, 422, "query"),
        ({"query": ""}, 400, "the query is empty"),
        ({"query": " \n"}, 400, "the query is empty"),
        ({"query": "a " * 50_000}, 422, "at most 10000 characters"),
        ({"query": "a", "index": "none"}, 404, "'none' is not served here: choose from test-"),
        ({"query": "a", "index": "*"}, 404, "is not served here"),
        ({"query": "a", "index": "_all"}, 404, "is not served here"),
        ({"query": "a", "index": ""}, 404, "is not served here"),
        ({"query": "a", "index": "a" * 300}, 422, "index"),
        ({"query": "a", "index": ["b"]}, 422, "index"),
        ({"query": "a", "mode": "best"}, 422, "mode"),
        ({"query": "a", "mode": None}, 422, "mode"),
        ({"query": "a", "size": 0}, 422, "size"),
        ({"query": "a", "size": 101}, 422, "size"),
        ({"query": "a", "size": 1.5}, 422, "size"),
        ({"query": "a", "size": "many"}, 422, "size"),
        ({"query": "a", "size": 10**30}, 422, "size"),
        ({"query": "a", "from": -1}, 422, "from"),
        ({"query": "a", "from": 10**18}, 422, "from"),
        ({"query": "a", "from": 9_999, "size": 2}, 400, "Elasticsearch shows the first 10,000"),
        ({"query": "a", "filters": []}, 422, "filters"),
        ({"query": "a", "filters": {"kind": "page"}}, 422, "filters -> kind"),
        ({"query": "a", "filters": {"kind": []}}, 422, "filters -> kind"),
        ({"query": "a", "filters": {"kind": ["video"]}}, 422, "filters -> kind -> 0"),
        ({"query": "a", "filters": {"kind": ["page"] * 10}}, 422, "filters -> kind"),
        ({"query": "a", "filters": {"source": 1}}, 422, "filters -> source"),
        ({"query": "a", "filters": {"source": ""}}, 422, "filters -> source"),
        ({"query": "a", "filters": {"source": "a" * 20_000}}, 422, "filters -> source"),
        ({"query": "a", "filters": {"match_all": {}}}, 422, "filters -> match_all"),
        ({"query": "a", "explain": "perhaps"}, 422, "explain"),
        ({"query": "a", "rerank": True}, 422, "rerank"),
        ({"image": "no base64!"}, 422, "neither base64, nor a data URI"),
        ({"image": ""}, 422, "an empty file"),
        ({"image": base64.b64encode(b"no picture").decode()}, 400, "not a picture"),
        ({"image": "http://127.0.0.1:9200/"}, 422, "addresses are not fetched by this server"),
        ({"image": "file:///etc/passwd"}, 422, "addresses are not fetched by this server"),
        ({"image": "data:text/html,hello"}, 422, "a data URI that is not base64"),
        ({"image": picture(), "mode": "text"}, 400, "an image has no words"),
        ({"ref": ""}, 422, "ref"),
        ({"ref": "a" * 600}, 422, "ref"),
        ({"ref": "*"}, 404, "has no document '*'"),
    ],
)
def test_what_cannot_be_searched(web: Running, body: Any, status: int, words: str) -> None:
    refused(web, body, status, words)


@pytest.mark.parametrize(
    "query",
    [
        "fox AND (dog OR",
        '"unclosed',
        "*?~^:/\\{}[]",
        "{{mustache}}",
        "\x00\x01\u202e\ufeff",
        "\ufdd0fox\ufdd1",
        "🦊" * 300,
        "ﷺ" * 1000,
        "fox " * 2000,
        "<script>alert(1)</script>",
    ],
)
def test_any_words_are_words(web: Running, query: str) -> None:
    assert found(web, query=query, mode="text")["mode"] == "text"


def test_other_methods_are_none(web: Running) -> None:
    assert web.get(URL).status_code == 405


def test_many_may_search_at_once(web: Running) -> None:
    def search(number: int) -> list[str]:
        return names(found(web, query=f"brown fox {number % 3}", mode="late"))

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(search, range(12)))
    assert told[:3] * 4 == told


def test_a_document_of_somebody_else_is_shown_as_it_can_be(
    client: Elasticsearch, web: Running, searched: str
) -> None:
    hostile = {
        "title": "<img src=x onerror=alert(1)> zebra",
        "text": "half a pair: \ud800",
        "kind": ["a"],
        "page": "7",
        "pages": 8.5,
        "source": {"uri": "http://[zebra"},
        "embedding_128": [1.0] + [0.0] * 127,
    }
    # The client would not send it.
    sent = json.dumps(hostile).encode()
    json_alone = {"content-type": "application/json"}
    path = f"/{searched}/_doc/foreign"
    client.perform_request("PUT", path, params={"refresh": "true"}, headers=json_alone, body=sent)
    try:
        (hit,) = found(web, query="zebra", mode="text")["hits"]
        assert hit["title"] == "<img src=x onerror=alert(1)> zebra"
        assert hit["snippet"] == "half a pair: \N{REPLACEMENT CHARACTER}"
        assert (hit["name"], hit["kind"], hit["picture"]) == ("", "['a']", False)
        assert (hit["page"], hit["pages"], hit["chunk"]) == (None, None, None)
        for mode in ("dense", "late", "hybrid"):
            told = found(web, query="zebra", mode=mode)
            assert "foreign" in {hit["ref"] for hit in told["hits"]}
        refused(web, {"ref": "foreign"}, 400, "has no vectors to search by")
    finally:
        client.delete(index=searched, id="foreign", refresh=True)


def test_a_search_goes_through_the_queue(web: Running, provider: LocalProvider) -> None:
    def tokens() -> float:
        (line,) = [
            line for line in web.get("/metrics").text.splitlines()
            if line.startswith("es_jina_tokens_total ")
        ]  # fmt: skip
        return float(line.split()[1])

    before = tokens()
    assert found(web, query="never asked before")["hits"]
    embedded = tokens()
    assert embedded > before
    # It is kept.
    assert found(web, query="never asked before")["hits"]
    assert tokens() == embedded
