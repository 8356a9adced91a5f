import io
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow
from pytest_httpserver import HTTPServer

from es_jina.embedding import Embedding
from es_jina.errors import ItemError, ProviderError, RequestError
from es_jina.inputs import Image, Input, Task, Text
from es_jina.providers.base import Provider, Want
from es_jina.providers.hosted import HostedProvider
from es_jina.providers.http import JsonClient, RefusedError

from .fake_api import KEY, FakeApi, busy, hang_up, opened, text_tokens, vectors

BOTH = Want.SINGLE | Want.MULTI
TASK = Task.RETRIEVAL_PASSAGE


@pytest.fixture
def api(httpserver: HTTPServer) -> FakeApi:
    return FakeApi(httpserver)


@pytest.fixture(scope="module")
def hosted(make_httpserver: HTTPServer) -> Iterator[Provider]:
    # One for all tests: to load the certificates takes longer than most of them.
    with HostedProvider(KEY, base_url=make_httpserver.url_for("/")) as opened:
        yield opened


@pytest.fixture
def provider(hosted: Provider, api: FakeApi) -> Provider:
    return hosted


def picture(width: int, height: int, *, noise: bool = False) -> Pillow.Image:
    if noise:
        pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
        return Pillow.fromarray(pixels)
    return Pillow.linear_gradient("L").resize((width, height)).convert("RGB")


def file_bytes(image: Pillow.Image, name: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def embedding(result: Embedding | ItemError) -> Embedding:
    assert isinstance(result, Embedding), result
    return result


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    normed: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    return normed


def sizes(api: FakeApi) -> list[int]:
    return [len(body["input"]) for body in api.bodies]


def test_model(provider: Provider) -> None:
    model = provider.model
    assert (model.name, model.revision) == ("jinaai/jina-embeddings-v4", None)
    assert (model.dims, model.multi_dims) == ((128, 256, 512, 1024, 2048), 128)
    assert model.max_pixels == 602112


@pytest.mark.parametrize("floats", [False, True])
def test_both_vectors_in_input_order(api: FakeApi, provider: Provider, floats: bool) -> None:
    api.floats = floats
    texts = [f"text {number}" for number in range(20)]
    results = provider.embed([Text(text) for text in texts], TASK, BOTH)
    for text, result in zip(texts, map(embedding, results), strict=True):
        assert result.single is not None
        assert result.multi is not None
        assert result.single.dtype == result.multi.dtype == np.float32
        wire = {"text": text}
        np.testing.assert_allclose(result.single, unit(vectors(wire, TASK, multi=False)), atol=1e-6)
        np.testing.assert_allclose(result.multi, unit(vectors(wire, TASK, multi=True)), atol=1e-6)
        assert result.tokens == text_tokens(text)
    assert [body.get("return_multivector", False) for body in api.bodies] == [False, True]
    assert {body["task"] for body in api.bodies} == {"retrieval.passage"}
    assert all("truncate" not in body for body in api.bodies)


@pytest.mark.parametrize(("want", "multi"), [(Want.SINGLE, False), (Want.MULTI, True)])
def test_one_kind_is_one_request(api: FakeApi, provider: Provider, want: Want, multi: bool) -> None:
    result = embedding(provider.embed([Text("a")], Task.CODE_QUERY, want)[0])
    assert (result.single is None, result.multi is None) == (multi, not multi)
    assert len(api.bodies) == 1


def test_nothing_in_nothing_out(api: FakeApi, provider: Provider) -> None:
    assert provider.embed([], TASK, BOTH) == []
    assert api.bodies == []


def test_a_text_alone_has_the_tokens_of_the_reply(provider: Provider) -> None:
    text = "a text of some length, counted by the API"
    assert embedding(provider.embed([Text(text)], TASK, Want.SINGLE)[0]).tokens == text_tokens(text)


def test_a_reply_without_usage(api: FakeApi, provider: Provider) -> None:
    api.change = lambda reply: reply.pop("usage")
    assert embedding(provider.embed([Text("abcd")], TASK, Want.SINGLE)[0]).tokens == 2 + 11


def test_at_most_512_items_in_a_request(api: FakeApi, provider: Provider) -> None:
    results = provider.embed([Text(str(number)) for number in range(1100)], TASK, Want.SINGLE)
    assert sizes(api) == [512, 512, 76]
    last = embedding(results[-1]).single
    assert last is not None
    np.testing.assert_allclose(last, unit(vectors({"text": "1099"}, TASK, False)), atol=1e-6)


def test_requests_stay_below_the_token_limit(api: FakeApi, provider: Provider) -> None:
    provider.embed([Text("word " * 2000)] * 12, TASK, Want.SINGLE)
    assert sizes(api) == [5, 5, 2]


def test_images_count_as_their_tiles(api: FakeApi, provider: Provider) -> None:
    provider.embed([Image(picture(896, 672))] * 40, TASK, Want.SINGLE)
    assert sizes(api) == [38, 2]


def test_uploads_stay_below_8_mb(api: FakeApi, provider: Provider) -> None:
    provider.embed([Image(picture(896, 672, noise=True))] * 5, TASK, Want.SINGLE)
    assert sizes(api) == [3, 2]


def test_a_text_above_the_token_limit_goes_alone_and_fails_alone(
    api: FakeApi, provider: Provider
) -> None:
    results = provider.embed([Text("a"), Text("long " * 40_000), Text("b")], TASK, Want.SINGLE)
    assert [type(result) for result in results] == [Embedding, ItemError, Embedding]
    assert "maximum of 32768 tokens" in str(results[1])
    assert sizes(api) == [1, 1, 1]


def test_a_refused_batch_is_halved_until_the_culprit_stands_alone(
    api: FakeApi, provider: Provider
) -> None:
    api.refuses = lambda item: "Failed to encode text" if item["text"] in {"3", "9"} else None
    results = provider.embed([Text(str(number)) for number in range(16)], TASK, BOTH)
    failed = [number for number, result in enumerate(results) if isinstance(result, ItemError)]
    assert failed == [3, 9]
    assert str(results[3]) == "the API refused this input (400): Failed to encode text"
    for number in set(range(16)) - {3, 9}:
        result = embedding(results[number])
        assert result.single is not None
        wanted = unit(vectors({"text": str(number)}, TASK, False))
        np.testing.assert_allclose(result.single, wanted, atol=1e-6)


def test_a_batch_that_is_too_large_after_all_is_halved(api: FakeApi, provider: Provider) -> None:
    api.faults.append(busy(413, "TOO_LARGE"))
    results = provider.embed([Text(str(number)) for number in range(6)], TASK, Want.SINGLE)
    assert all(isinstance(result, Embedding) for result in results)
    assert sizes(api) == [3, 3]


def test_a_wrong_model_is_no_items_fault(api: FakeApi) -> None:
    with (
        HostedProvider(KEY, base_url=api.url, model="jina-none") as provider,
        pytest.raises(ProviderError, match="INPUT_MODEL_NOT_FOUND"),
    ):
        provider.embed([Text("a"), Text("b")], TASK, Want.SINGLE)
    assert len(api.bodies) == 1


def test_busy_and_dropped_connections_are_survived(api: FakeApi, provider: Provider) -> None:
    api.faults.extend([busy(503, "SERVICE_UNAVAILABLE"), hang_up])
    embedding(provider.embed([Text("a")], TASK, Want.SINGLE)[0])
    assert len(api.bodies) == 1


def test_a_wrong_key_ends_the_call_and_is_not_shown(api: FakeApi) -> None:
    wrong = "jina_secret"
    with HostedProvider(wrong, base_url=api.url) as provider:
        with pytest.raises(ProviderError, match="AUTH_INVALID_API_KEY") as caught:
            provider.embed([Text("a"), Text("b")], TASK, BOTH)
        assert wrong not in str(caught.value)
        assert wrong not in repr(provider)


@pytest.mark.parametrize("status", [402, 403])
def test_a_spent_balance_ends_the_call(api: FakeApi, provider: Provider, status: int) -> None:
    api.faults.append(busy(status, "AUTHZ_INSUFFICIENT_BALANCE"))
    with pytest.raises(ProviderError, match="balance"):
        provider.embed([Text("a"), Text("b")], TASK, Want.SINGLE)


def test_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JINA_API_KEY", raising=False)
    with pytest.raises(ProviderError, match=r"JINA_API_KEY.*local"):
        HostedProvider()


def test_the_key_of_the_environment(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JINA_API_KEY", f"{KEY}\n")
    with HostedProvider(base_url=api.url) as provider:
        embedding(provider.embed([Text("a")], TASK, Want.SINGLE)[0])


def test_patience_is_settable(api: FakeApi) -> None:
    api.faults.append(busy(503, "SERVICE_UNAVAILABLE"))
    with (
        HostedProvider(KEY, base_url=api.url, patience=0) as provider,
        pytest.raises(ProviderError, match="503") as caught,
    ):
        provider.embed([Text("a")], TASK, Want.SINGLE)
    assert caught.value.passing
    assert api.bodies == []


def parted(words: list[str]) -> tuple[str, list[tuple[int, int]]]:
    """Return a text of these parts, and where they are."""
    text = "\n".join(words)
    ends = np.cumsum([len(word) + 1 for word in words]) - 1
    return text, [(int(end) - len(word), int(end)) for word, end in zip(words, ends, strict=True)]


def test_the_parts_of_a_text_go_together(api: FakeApi, provider: Provider) -> None:
    words = [f"Part {number}." for number in range(20)]
    results = provider.embed_spans(*parted(words), TASK, BOTH)
    for word, result in zip(words, map(embedding, results), strict=True):
        wire, context = {"text": word}, "".join(words)
        single = unit(vectors(wire, TASK, False, context))
        multi = unit(vectors(wire, TASK, True, context))
        assert result.single is not None
        assert result.multi is not None
        np.testing.assert_allclose(result.single, single, atol=1e-6)
        np.testing.assert_allclose(result.multi, multi, atol=1e-6)
        assert result.tokens == len(multi)
    assert [body["late_chunking"] for body in api.bodies] == [True, True]
    assert [body.get("return_multivector", False) for body in api.bodies] == [False, True]


def test_single_vectors_of_parts_are_the_default_and_are_cut(
    api: FakeApi, provider: Provider
) -> None:
    [result] = provider.embed_spans("one two", [(0, 3)], TASK, dimensions=256)
    assert embedding(result).multi is None
    assert vectors_shape(result) == (256,)
    assert api.bodies[0]["input"] == [{"text": "one"}]


def vectors_shape(result: Embedding | ItemError) -> tuple[int, ...]:
    single = embedding(result).single
    assert single is not None
    return single.shape


def test_parts_are_grouped_below_the_token_limit(api: FakeApi, provider: Provider) -> None:
    results = provider.embed_spans(*parted(["7" * 4000] * 12), TASK)
    assert all(isinstance(result, Embedding) for result in results)
    assert sizes(api) == [7, 5]


def test_parts_that_are_too_long_after_all_are_halved(api: FakeApi, provider: Provider) -> None:
    api.faults.append(busy(413, "TOO_LARGE"))
    words = [f"Part {number}." for number in range(6)]
    results = provider.embed_spans(*parted(words), TASK)
    assert sizes(api) == [3, 3]
    last = embedding(results[-1]).single
    assert last is not None
    wanted = unit(vectors({"text": words[-1]}, TASK, False, "".join(words[3:])))
    np.testing.assert_allclose(last, wanted, atol=1e-6)


def test_a_part_above_the_token_limit_fails_alone(api: FakeApi, provider: Provider) -> None:
    text, spans = parted(["before", "a" * 140_000, "behind"])
    results = provider.embed_spans(text, spans, TASK)
    assert [type(result) for result in results] == [Embedding, ItemError, Embedding]
    assert "maximum of 32768 tokens" in str(results[1])


def test_parts_that_are_refused_are_not_embedded_without_their_text(
    api: FakeApi, provider: Provider
) -> None:
    api.refuses = lambda item: "Failed to encode text" if item["text"] == "b" else None
    results = provider.embed_spans(*parted(["a", "b", "c"]), TASK)
    assert len(api.bodies) == 1
    for result in results:
        assert isinstance(result, ItemError)
        assert "(400): Failed to encode text; embed it without late chunking" in str(result)


def test_bad_parts_fail_alone(api: FakeApi, provider: Provider) -> None:
    spans = [(0, 3), (4, 6), (3, 3), (5, 99), (-1, 2), (7, 12)]
    results = provider.embed_spans("one \ud800. three", spans, TASK)
    reasons = [str(result) if isinstance(result, ItemError) else "" for result in results]
    assert [bool(reason) for reason in reasons] == [False, True, True, True, True, False]
    assert "not Unicode" in reasons[1]
    assert all("is not within the text" in reason for reason in reasons[2:5])
    assert sizes(api) == [2]


def test_no_parts(api: FakeApi, provider: Provider) -> None:
    assert provider.embed_spans("a text", [], TASK) == []
    assert api.bodies == []


def test_spans_that_are_none(provider: Provider) -> None:
    with pytest.raises(RequestError, match="no pair of whole numbers"):
        provider.embed_spans("a text", [(0, 1.5)], TASK)  # type: ignore[list-item]
    with pytest.raises(RequestError, match="must be a str"):
        provider.embed_spans(b"a text", [(0, 1)], TASK)  # type: ignore[arg-type]


def test_late_chunking_is_for_text_alone(api: FakeApi, provider: Provider) -> None:
    """The double keeps the API's rule."""
    body = {
        "model": "jina-embeddings-v4",
        "task": TASK.value,
        "embedding_type": "base64",
        "late_chunking": True,
        "input": [{"text": "a"}, {"image": "aaaa"}],
    }
    client = JsonClient(api.url, KEY)
    with pytest.raises(RefusedError, match="Only works with text"):
        client.post("/v1/embeddings", body)
    client.close()


def sent(api: FakeApi) -> Pillow.Image:
    """The one image of the last request."""
    [item] = api.bodies[-1]["input"]
    return opened(item)


@pytest.mark.parametrize("kind", ["path", "bytes", "decoded"])
def test_every_source_of_an_image(
    api: FakeApi, provider: Provider, tmp_path: Path, kind: str
) -> None:
    original = picture(60, 40)
    path = tmp_path / "a.png"
    original.save(path)
    sources: dict[str, Any] = {"path": path, "bytes": path.read_bytes(), "decoded": original}
    result = embedding(provider.embed([Image(sources[kind])], TASK, BOTH)[0])
    assert result.multi is not None
    assert result.tokens == len(result.multi) == 3 * 2 + 11
    assert (sent(api).format, sent(api).mode) == ("PNG", "RGB")
    np.testing.assert_array_equal(np.asarray(sent(api)), np.asarray(original))


def test_tokens_of_an_image_are_its_tiles_not_its_price(provider: Provider) -> None:
    result = provider.embed([Image(picture(60, 40))], TASK, Want.SINGLE)[0]
    assert embedding(result).tokens == 3 * 2 + 11


@pytest.mark.parametrize(
    ("size", "budget", "expected"),
    [
        ((2000, 1000), None, (1097, 548)),
        ((1000, 2000), 200 * 100, (100, 200)),
        ((100, 50), None, (100, 50)),
        ((896, 672), None, (896, 672)),
        ((20000, 100), None, (10800, 54)),
    ],
)
def test_images_shrink_to_the_pixel_budget(
    api: FakeApi,
    provider: Provider,
    size: tuple[int, int],
    budget: int | None,
    expected: tuple[int, int],
) -> None:
    embedding(provider.embed([Image(picture(*size))], TASK, Want.SINGLE, max_pixels=budget)[0])
    assert sent(api).size == expected


def test_a_photo_is_sent_upright(api: FakeApi, provider: Provider) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    data = file_bytes(picture(60, 40), "JPEG", exif=exif)
    embedding(provider.embed([Image(data)], TASK, Want.SINGLE)[0])
    assert sent(api).size == (40, 60)
    assert not sent(api).getexif()


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "1", "LA"])
def test_every_mode_becomes_rgb(api: FakeApi, provider: Provider, mode: str) -> None:
    embedding(provider.embed([Image(picture(60, 40).convert(mode))], TASK, Want.SINGLE)[0])
    assert sent(api).mode == "RGB"


def test_a_colour_profile_stays_behind(api: FakeApi, provider: Provider) -> None:
    data = file_bytes(picture(60, 40).convert("CMYK"), "JPEG", icc_profile=b"for CMYK" * 1000)
    embedding(provider.embed([Image(data)], TASK, Want.SINGLE)[0])
    assert "icc_profile" not in sent(api).info


def test_jpeg_where_png_would_be_too_large(api: FakeApi, provider: Provider) -> None:
    image = Image(picture(1600, 1500, noise=True))
    embedding(provider.embed([image], TASK, Want.SINGLE, max_pixels=10_000_000)[0])
    assert sent(api).format == "JPEG"
    assert sent(api).size == (1600, 1500)


def test_an_image_that_no_format_makes_small_enough(api: FakeApi, provider: Provider) -> None:
    image = Image(picture(2400, 2000, noise=True))
    [result] = provider.embed([image], TASK, Want.SINGLE, max_pixels=10_000_000)
    assert isinstance(result, ItemError)
    assert "max_pixels" in str(result)
    assert api.bodies == []


def test_bad_inputs_fail_alone(api: FakeApi, provider: Provider, tmp_path: Path) -> None:
    broken = file_bytes(picture(600, 400))[:-500]
    bad: dict[str, Input] = {
        "not a picture": Image(b"no image"),
        "truncated": Image(broken),
        "no such file": Image(tmp_path / "missing.png"),
        "an empty picture": Image(Pillow.new("RGB", (0, 5))),
        "200 times": Image(picture(20_100, 100)),
        "not Unicode": Text("\ud800"),
    }
    inputs = [Text("before"), *bad.values(), Image(picture(60, 40))]
    results = provider.embed(inputs, TASK, BOTH)
    embedding(results[0])
    embedding(results[-1])
    for reason, result in zip(bad, results[1:-1], strict=True):
        assert isinstance(result, ItemError)
        assert reason in str(result)
    assert sizes(api) == [2, 2]


def drop_one(reply: dict[str, Any]) -> None:
    reply["data"].pop()


def same_index(reply: dict[str, Any]) -> None:
    reply["data"][0]["index"] = reply["data"][1]["index"]


def short_vector(reply: dict[str, Any]) -> None:
    reply["data"][0]["embedding"] = [1.0] * 1024


def no_base64(reply: dict[str, Any]) -> None:
    reply["data"][0]["embedding"] = "?"


def no_data(reply: dict[str, Any]) -> None:
    del reply["data"]


@pytest.mark.parametrize("change", [drop_one, same_index, short_vector, no_base64, no_data])
def test_an_answer_that_does_not_fit_ends_the_call(
    api: FakeApi, provider: Provider, change: Any
) -> None:
    api.change = change
    with pytest.raises(ProviderError, match="does not fit the request"):
        provider.embed([Text("a"), Text("b")], TASK, Want.SINGLE)


def test_numbers_that_are_not_finite_fail_their_item(api: FakeApi, provider: Provider) -> None:
    def change(reply: dict[str, Any]) -> None:
        entry = next(entry for entry in reply["data"] if entry["index"] == 1)
        entry["embedding"] = b64encode(np.full(2048, np.nan, "<f4").tobytes()).decode()

    api.change = change
    results = provider.embed([Text("a"), Text("b")], TASK, Want.SINGLE)
    assert [type(result) for result in results] == [Embedding, ItemError]
