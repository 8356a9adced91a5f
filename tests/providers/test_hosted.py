"""What comes back from the hosted provider: every vector, in its place."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from es_jina.errors import ProviderError, RequestError
from es_jina.inputs import Image, Input, Task, Text
from es_jina.providers.base import Want
from es_jina.providers.encodings import EmbeddingType
from es_jina.providers.hosted import HostedProvider
from es_jina.testing import StubApi, expected

from .asking import (
    BOTH,
    TASK,
    assert_multis,
    assert_singles,
    embedding,
    failure,
    failures,
    file_bytes,
    multi,
    picture,
    single,
    sizes,
    texts,
    unit,
)


def test_model(hosted: HostedProvider) -> None:
    model = hosted.model
    assert (model.name, model.revision) == ("jinaai/jina-embeddings-v4", None)
    assert (model.dims, model.multi_dims) == ((128, 256, 512, 1024, 2048), 128)
    assert model.max_pixels == 602112


@pytest.mark.parametrize("embedding_type", ["base64", "float"])
def test_both_vectors_in_input_order(api: StubApi, embedding_type: EmbeddingType) -> None:
    """The stub shuffles its answers, and sends vectors that are not of length 1."""
    inputs = texts(20)
    with HostedProvider(api.key, base_url=api.url, embedding_type=embedding_type) as provider:
        results = provider.embed(inputs, TASK, BOTH)
    assert_singles(results, [text.text for text in inputs])
    assert_multis(results, [text.text for text in inputs])
    for result in results:
        assert single(result).dtype == multi(result).dtype == np.float32
        assert embedding(result).tokens == len(multi(result))
    assert sorted(body.get("return_multivector", False) for body in api.bodies) == [False, True]


def test_a_request_says_no_more_than_is_asked(api: StubApi, hosted: HostedProvider) -> None:
    hosted.embed([Text("a")], TASK, Want.SINGLE)
    assert api.bodies == [
        {
            "model": "jina-embeddings-v4",
            "task": "retrieval.passage",
            "embedding_type": "base64",
            "input": [{"text": "a"}],
        }
    ]


@pytest.mark.parametrize("task", list(Task))
def test_every_task(api: StubApi, hosted: HostedProvider, task: Task) -> None:
    results = hosted.embed([Text("a")], task, Want.SINGLE)
    assert_singles(results, ["a"], task)
    assert api.bodies[0]["task"] == task.value


@pytest.mark.parametrize(("want", "several"), [(Want.SINGLE, False), (Want.MULTI, True)])
def test_one_kind_is_one_request(
    api: StubApi, hosted: HostedProvider, want: Want, several: bool
) -> None:
    result = embedding(hosted.embed([Text("a")], Task.CODE_QUERY, want)[0])
    assert (result.single is None, result.multi is None) == (several, not several)
    assert len(api.bodies) == 1


def test_dimensions_are_asked_for_single_vectors_alone(
    api: StubApi, hosted: HostedProvider
) -> None:
    [result] = hosted.embed([Text("a")], TASK, BOTH, dimensions=256)
    np.testing.assert_allclose(single(result), unit(expected("a", TASK)[:256]), atol=1e-6)
    assert multi(result).shape[1] == 128
    dimensions = {body.get("return_multivector"): body.get("dimensions") for body in api.bodies}
    assert dimensions == {None: 256, True: None}


def test_the_full_size_is_not_asked_for(api: StubApi, hosted: HostedProvider) -> None:
    assert single(hosted.embed([Text("a")], TASK, Want.SINGLE, dimensions=2048)[0]).size == 2048
    assert "dimensions" not in api.bodies[0]


def test_truncate(api: StubApi, hosted: HostedProvider) -> None:
    [result] = hosted.embed([Text("long " * 40_000)], TASK, Want.SINGLE, truncate=True)
    assert embedding(result).tokens == 32_768
    assert api.bodies[0]["truncate"] is True


@pytest.mark.parametrize("embedding_type", ["binary", "ubinary"])
def test_signs_come_as_unit_vectors(api: StubApi, embedding_type: EmbeddingType) -> None:
    with HostedProvider(api.key, base_url=api.url, embedding_type=embedding_type) as provider:
        [result] = provider.embed([Text("a")], TASK, BOTH)
    assert np.linalg.norm(single(result)) == pytest.approx(1)
    one, many = expected("a", TASK), expected("a", TASK, multi=True)
    np.testing.assert_array_equal(np.packbits(single(result) > 0), np.packbits(one > 0))
    np.testing.assert_array_equal(multi(result) > 0, many > 0)
    assert {body["embedding_type"] for body in api.bodies} == {embedding_type}


def test_plain_numbers_are_not_asked_for_by_name(api: StubApi) -> None:
    with HostedProvider(api.key, base_url=api.url, embedding_type="float") as provider:
        provider.embed([Text("a")], TASK, Want.SINGLE)
    assert "embedding_type" not in api.bodies[0]


def test_nothing_in_nothing_out(api: StubApi, hosted: HostedProvider) -> None:
    assert hosted.embed([], TASK, BOTH) == []
    assert api.requests == []


def test_a_text_alone_has_the_tokens_of_the_reply(hosted: HostedProvider) -> None:
    text = "a text of some length, counted by the API"
    [result] = hosted.embed([Text(text)], TASK, Want.SINGLE)
    assert embedding(result).tokens == len(text) // 4 + 3


def test_an_answer_that_counts_nothing() -> None:
    with (
        StubApi(usage="none") as api,
        HostedProvider(api.key, base_url=api.url) as provider,
    ):
        [result] = provider.embed([Text("abcd")], TASK, Want.SINGLE)
        assert embedding(result).tokens == 2 + 11
        assert (provider.usage.requests, provider.usage.tokens) == (1, 13)


def test_usage_is_what_the_api_counts(api: StubApi, hosted: HostedProvider) -> None:
    hosted.embed([*texts(5), Image(picture(60, 40))], TASK, BOTH)
    assert (hosted.usage.requests, hosted.usage.tokens) == (2, api.billed_tokens)


def test_bad_inputs_fail_alone(api: StubApi, hosted: HostedProvider, tmp_path: Path) -> None:
    broken = file_bytes(picture(600, 400))[:-500]
    bad: dict[str, Input] = {
        "not a picture": Image(b"no image"),
        "truncated": Image(broken),
        "no such file": Image(tmp_path / "missing.png"),
        "an empty picture": Image(Pillow.new("RGB", (0, 5))),
        "200 times": Image(picture(20_100, 100)),
        "no http(s) address": Image("page.png"),
        "not Unicode": Text("\ud800"),
    }
    results = hosted.embed([Text("before"), *bad.values(), Image(picture(60, 40))], TASK, BOTH)
    embedding(results[0])
    embedding(results[-1])
    for reason, result in zip(bad, results[1:-1], strict=True):
        assert reason in failure(result)
    assert sizes(api) == [2, 2]


def drop_one(reply: dict[str, Any]) -> None:
    reply["data"].pop()


def one_more(reply: dict[str, Any]) -> None:
    reply["data"].append(reply["data"][0])


def same_index(reply: dict[str, Any]) -> None:
    reply["data"][0]["index"] = reply["data"][1]["index"]


def short_vector(reply: dict[str, Any]) -> None:
    reply["data"][0]["embedding"] = [1.0] * 1024


def no_base64(reply: dict[str, Any]) -> None:
    reply["data"][0]["embedding"] = "?"


def no_data(reply: dict[str, Any]) -> None:
    del reply["data"]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "change", [drop_one, one_more, same_index, short_vector, no_base64, no_data]
)
def test_an_answer_that_does_not_fit_is_asked_for_twice_more(
    api: StubApi, hosted: HostedProvider, change: Callable[[dict[str, Any]], None]
) -> None:
    api.change = change
    with pytest.raises(ProviderError, match="does not fit the request") as caught:
        hosted.embed(texts(2), TASK, Want.SINGLE)
    assert caught.value.passing is False
    assert len(api.requests) == 3


@pytest.mark.usefixtures("quick")
def test_one_odd_answer_is_survived(api: StubApi, hosted: HostedProvider) -> None:
    changes = [drop_one, short_vector]
    api.change = lambda reply: changes.pop()(reply) if changes else None
    assert_singles(hosted.embed(texts(2), TASK, Want.SINGLE), ["text 0", "text 1"])


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_fail_their_item(
    api: StubApi, hosted: HostedProvider, number: float
) -> None:
    def change(reply: dict[str, Any]) -> None:
        entry = next(entry for entry in reply["data"] if entry["index"] == 1)
        entry["embedding"] = b64encode(np.full(2048, number, "<f4").tobytes()).decode()

    api.change = change
    results = hosted.embed(texts(3), TASK, Want.SINGLE)
    assert failures(results) == [1]
    assert "not finite" in failure(results[1])


@pytest.mark.parametrize(
    ("inputs", "options", "reason"),
    [
        (["a"], {}, "wrap it in Text"),
        ([Text("a")], {"dimensions": 100}, "choose from 128"),
        ([Text("a")], {"max_pixels": 0}, "whole number above 0"),
    ],
)
def test_what_cannot_be_asked(
    api: StubApi, hosted: HostedProvider, inputs: list[Any], options: dict[str, Any], reason: str
) -> None:
    for call in (hosted.embed, hosted.preview):
        with pytest.raises(RequestError, match=reason):
            call(inputs, TASK, BOTH, **options)
    assert api.requests == []


def test_an_embedding_type_that_there_is_not() -> None:
    with pytest.raises(RequestError, match="'hex': choose from float, base64, binary, ubinary"):
        HostedProvider("jina_x", embedding_type="hex")  # type: ignore[arg-type]


def test_a_key_is_needed_where_something_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JINA_API_KEY", "JINA_API_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    with HostedProvider() as provider:
        assert len(provider.preview(texts(1), TASK, Want.SINGLE).bodies) == 1
        with pytest.raises(ProviderError, match=r"JINA_API_KEY.*local") as caught:
            provider.embed(texts(1), TASK, Want.SINGLE)
        assert caught.value.passing is False


def test_the_key_of_the_environment(api: StubApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JINA_API_KEY", f"{api.key}\n")
    with HostedProvider(base_url=api.url) as provider:
        embedding(provider.embed([Text("a")], TASK, Want.SINGLE)[0])


def test_a_server_of_its_own_needs_no_key(api: StubApi, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JINA_API_KEY", "JINA_API_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    with (
        HostedProvider(base_url=api.url) as provider,
        pytest.raises(ProviderError, match="AUTH_MISSING_API_KEY"),
    ):
        provider.embed([Text("a")], TASK, Want.SINGLE)
    assert "authorization" not in api.requests[0].headers
