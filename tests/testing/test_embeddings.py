from base64 import b64decode
from typing import Any

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from es_jina.testing import (
    StubApi,
    StubLimits,
    check_reply,
    cut_text,
    expected,
    relevance,
    tokens_of,
)
from es_jina.testing.vectors import as_binary, as_ubinary

from .calls import CLIP, RERANKER, V3, V4, by_index, client, png, post, rerank

MIXED: list[Any] = ["a", {"text": "b"}, {"image": "https://a.b/c.png"}, {"image": png(60, 40)}]
TASK = "retrieval.passage"


def decoded(value: Any, kind: str) -> Any:
    """Read a vector as a client does; the bits where it has no more."""
    if kind == "base64":
        return np.frombuffer(b64decode(value), "<f4")
    numbers = np.array(value)
    if kind == "float":
        return numbers.astype(np.float32)
    return np.unpackbits((numbers + 128 * (kind == "binary")).astype(np.uint8))


@pytest.mark.parametrize("kind", ["float", "base64", "binary", "ubinary"])
def test_every_encoding_of_both_kinds_of_vector(api: StubApi, kind: str) -> None:
    for multi in (False, True):
        response = post(api, MIXED, task=TASK, embedding_type=kind, return_multivector=multi)
        check_reply(response.json())
        name = "embeddings" if multi else "embedding"
        for item, value in zip(MIXED, by_index(response, name), strict=True):
            wanted: Any = expected(item, TASK, multi=multi)
            rows = np.stack([decoded(row, kind) for row in (value if multi else [value])])
            if kind.endswith("binary"):
                wanted = wanted > 0
            np.testing.assert_array_equal(rows, np.atleast_2d(wanted))


def test_binary_numbers_as_they_were_captured() -> None:
    bits = np.unpackbits(np.array([50, 193, 128, 255], np.uint8))
    signs = np.where(bits, 1, -1).astype(np.float32)
    assert as_ubinary(signs).tolist() == [50, 193, 128, 255]
    assert as_binary(signs).tolist() == [-78, 65, 0, 127]
    assert as_ubinary(np.zeros(8, np.float32)).tolist() == [0]


def test_binary_numbers_are_floats_in_json(api: StubApi) -> None:
    text = post(api, "a", embedding_type="ubinary", dimensions=8).text
    assert text.endswith(".0]}]}")


def test_the_order_of_keys_and_of_entries(api: StubApi) -> None:
    reply = post(api, [str(number) for number in range(20)]).json()
    assert [*reply] == ["model", "object", "usage", "data"]
    assert {tuple(entry) for entry in reply["data"]} == {("object", "index", "embedding")}
    indexes = [entry["index"] for entry in reply["data"]]
    assert indexes != sorted(indexes)
    assert sorted(indexes) == [*range(20)]


def test_vectors_follow_from_all_that_they_depend_on() -> None:
    made = [
        expected("a"),
        expected("b"),
        expected("a", TASK),
        expected("a", context="a b"),
        expected({"image": "https://a"}),
        expected({"text": "https://a"}),
    ]
    assert len({row.tobytes() for row in made}) == len(made)
    np.testing.assert_array_equal(expected("a"), expected({"text": "a"}, "text-matching"))
    assert all(np.linalg.norm(row) > 2 for row in made)
    assert all((row != 0).all() for row in made)
    alike = np.abs(np.asarray(np.corrcoef(made)) - np.eye(len(made)))
    assert alike.max() < 0.2


def test_shorter_vectors_are_the_beginning(api: StubApi) -> None:
    [short] = by_index(post(api, ["a"], dimensions=100))
    np.testing.assert_allclose(short, expected("a")[:100], rtol=1e-6)


def test_one_input_without_a_list(api: StubApi) -> None:
    assert (
        by_index(post(api, "a"))
        == by_index(post(api, {"text": "a"}))
        == by_index(post(api, ["a"], task="text-matching"))
    )


def test_late_chunking_depends_on_all_texts(api: StubApi) -> None:
    values = by_index(post(api, ["a", "b"], late_chunking=True, embedding_type="base64"))
    for text, value in zip(["a", "b"], values, strict=True):
        np.testing.assert_array_equal(decoded(value, "base64"), expected(text, context="ab"))


def test_a_text_is_cut_where_that_is_asked(api: StubApi) -> None:
    long = "é" * 100_000
    [value] = by_index(post(api, [long], truncate=True, embedding_type="base64"))
    cut = cut_text(long, 32_768)
    assert tokens_of(cut).read == 32_768
    np.testing.assert_array_equal(decoded(value, "base64"), expected(cut))


@drawn(st.text(), st.integers(3, 20))
def test_a_cut_text_is_the_longest_beginning_that_fits(text: str, tokens: int) -> None:
    cut = cut_text(text, tokens)
    assert text.startswith(cut)
    assert tokens_of(cut).read <= tokens
    assert cut == text or tokens_of(text[: len(cut) + 1]).read > tokens


@pytest.mark.parametrize(
    ("model", "given", "task"),
    [(V3, ["a", {"text": "b"}], "separation"), (V3, ["a"], None), (CLIP, MIXED, None)],
)
def test_the_other_models(api: StubApi, model: str, given: list[Any], task: str | None) -> None:
    response = post(api, given, model, task=task, embedding_type="base64")
    check_reply(response.json())
    for item, value in zip(given, by_index(response), strict=True):
        wanted = expected(item, task, model=model)
        assert wanted.shape == (1024,)
        np.testing.assert_array_equal(decoded(value, "base64"), wanted)


@pytest.mark.parametrize(
    ("given", "options", "status", "message"),
    [
        ([], {}, 422, "at least 1 item"),
        (["a"], {"dimensions": 8, "return_multivector": True}, 422, "Incompatible options"),
        ([{"image": "https://a"}], {"late_chunking": True}, 422, "Only works with text."),
        ({"pdf": "a"}, {}, 422, "no PDF"),
        (["a"], {"return_tokenized_input": True}, 422, "does not return tokens"),
        (["a"], {"embedding_type": ["float"]}, 500, "INTERNAL_ERROR"),
        ([{"image": "data:image/png;base64,AAAA"}], {}, 422, "raw base64"),
        ([{"image": "?"}], {}, 400, "Failed to decode image"),
        ([{"image": "AAAA"}], {}, 400, "Failed to decode image"),
        (["a"], {"taks": "a"}, 422, "'taks' was unexpected"),
    ],
)
def test_what_is_refused(
    api: StubApi, given: Any, options: dict[str, Any], status: int, message: str
) -> None:
    response = post(api, given, **options)
    assert response.status_code == status
    assert message in response.text
    assert "detail" in response.json()


def test_an_item_of_the_tests_choice_is_refused(api: StubApi) -> None:
    api.refuses = lambda item: "Failed to encode text" if item["text"] == "b" else None
    assert post(api, ["a"]).status_code == 200
    response = post(api, ["a", "b"])
    assert response.status_code == 400
    assert response.json()["detail"]["message"] == "Failed to encode text"
    assert [body["input"] for body in api.bodies] == [["a"], ["a", "b"]]


def test_an_answer_may_be_changed(api: StubApi) -> None:
    def change(reply: dict[str, Any]) -> None:
        reply["data"][0]["embedding"].pop()

    api.change = change
    [short] = by_index(post(api, ["a"]))
    assert len(short) == 2047


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "JSON decode error"),
        (b"[]", "must be one of"),
        (b'{"model": "jina-none", "input": "a"}', "INPUT_MODEL_NOT_FOUND"),
        (b'{"model": "jina-reranker-m0", "query": "a"}', "INPUT_MODEL_NOT_FOUND"),
    ],
)
def test_a_body_that_is_none(api: StubApi, body: bytes, message: str) -> None:
    with client(api) as opened:
        response = opened.post("/v1/embeddings", content=body)
        assert response.status_code in (400, 422)
        assert message in response.text
    assert api.bodies == []


def test_other_addresses_and_methods(api: StubApi) -> None:
    with client(api) as opened:
        assert opened.post("/v1/none", json={}).status_code == 404
        assert opened.get("/v1/embeddings").status_code == 404


@pytest.mark.parametrize(
    ("kind", "model", "given", "usage"),
    [
        ("api", V4, ["abcd", {"image": png(60, 40)}], {"total_tokens": 64}),
        ("api", V3, ["abcd"], {"total_tokens": 4}),
        ("api", V3, [{"text": "abcd"}], {"total_tokens": 4, "prompt_tokens": 4}),
        ("api", CLIP, ["abcd"], {"total_tokens": 4, "prompt_tokens": 4}),
        (
            "full",
            V4,
            ["abcd", {"image": png(60, 40)}],
            {"total_tokens": 64, "prompt_tokens": 4, "image_tokens": 60},
        ),
        ("none", V4, ["abcd"], None),
    ],
)
def test_usage(kind: Any, model: str, given: list[Any], usage: dict[str, int] | None) -> None:
    with StubApi(usage=kind) as api:
        reply = post(api, given, model).json()
        assert reply.get("usage") == usage
        assert api.billed_tokens == sum(tokens_of(item).billed for item in given)


def test_tokens_of_an_image_are_its_tiles_and_ten_times_as_many_are_billed() -> None:
    tokens = tokens_of({"image": png(57, 28)})
    assert (tokens.read, tokens.billed) == (3 + 11, 30)


def test_reranking(api: StubApi) -> None:
    documents: list[Any] = ["a", {"text": "b"}, {"image": "https://a.b/c.png"}, "d"]
    reply = rerank(api, "query", documents).json()
    check_reply(reply)
    scores = [result["relevance_score"] for result in reply["results"]]
    assert scores == sorted(scores, reverse=True)
    for result in reply["results"]:
        assert result["relevance_score"] == relevance("query", documents[result["index"]])
    assert {"document": {"text": "a"}}.items() <= min(
        reply["results"], key=lambda result: result["index"]
    ).items()
    short = rerank(api, "query", documents, top_n=2, return_documents=False).json()
    assert [[*result] for result in short["results"]] == 2 * [["index", "relevance_score"]]
    assert short["results"][0]["index"] == reply["results"][0]["index"]
    assert rerank(api, "query", []).status_code == 422
    with client(api) as opened:
        body = {"model": RERANKER, "query": "a", "documents": ["a"]}
        assert opened.post("/v1/embeddings", json=body).status_code == 400


def test_reranking_reads_so_much_of_a_document(api: StubApi) -> None:
    long, query = "a" * 50_000, "q" * 400
    refused = rerank(api, query, ["b", long])
    assert refused.status_code == 400
    assert refused.json()["detail"]["code"] == "INPUT_TOKEN_LIMIT_EXCEEDED"
    assert "maximum of 10240 tokens" in refused.json()["detail"]["message"]
    cut = rerank(api, query, [long], truncation=True).json()
    assert cut["usage"]["total_tokens"] == 10_240
    assert cut["results"][0]["document"]["text"] == cut_text(long, 10_240 - 103)


def test_limits_of_one_request() -> None:
    limits = StubLimits(items=3, tokens_per_request=100, item_tokens=50, image_bytes=2000)
    with StubApi(limits=limits) as api:
        assert post(api, ["a"] * 3).status_code == 200
        many = post(api, ["a"] * 4)
        assert (many.status_code, many.json()["detail"]) == (
            422,
            "Validation error: 'body -> jina-embeddings-v4' Each input list can contain at most 3 "
            "items.. Field errors: : Invalid value",
        )
        assert post(api, ["a" * 188]).status_code == 200
        long = post(api, ["a" * 192])
        assert long.status_code == 400
        detail = long.json()["detail"]
        assert detail["code"] == "INPUT_TOKEN_LIMIT_EXCEEDED"
        assert detail["message"] == (
            "Input text exceeds the model's maximum of 50 tokens. Use 'truncate: true' to "
            "automatically truncate, or split into smaller chunks."
        )
        assert "maximum of 100 tokens" in post(api, ["a" * 150] * 3).text
        assert "maximum of 50 tokens" in post(api, ["a" * 150] * 2, late_chunking=True).text
        assert "maximum of 0.002 MB" in post(api, [{"image": "A" * 2001}]).text


def test_limits_of_the_models() -> None:
    with StubApi(limits=StubLimits(tokens_per_request=None)) as api:
        assert post(api, ["a" * 80_000] * 2).status_code == 200
        assert "maximum of 32768 tokens" in post(api, ["a" * 140_000]).text
        assert "maximum of 8194 tokens" in post(api, ["a" * 80_000], V3).text
