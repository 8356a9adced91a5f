"""Clients that others wrote, and our own, against the running server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from es_jina.embedding import Embedding
from es_jina.errors import TooLongError
from es_jina.inputs import Image, Input, Task, Text
from es_jina.providers.base import Want
from es_jina.providers.encodings import EmbeddingType, decode
from es_jina.providers.hosted import HostedProvider
from tests.server.running import Running
from tests.server.wire.asking import (
    MODEL,
    TEXTS,
    answer,
    entries,
    expected,
    in_base64,
    picture,
    same,
    single,
)


@pytest.fixture(scope="module")
def client(served: Running) -> Iterator[openai.OpenAI]:
    """OpenAI's own."""
    with openai.OpenAI(base_url=f"{served.url}/v1", api_key="any", max_retries=0) as made:
        yield made


@pytest.mark.parametrize("more", [{}, {"encoding_format": "float"}, {"encoding_format": "base64"}])
def test_openai_embeds_texts(served: Running, client: openai.OpenAI, more: Any) -> None:
    found = client.embeddings.create(model=MODEL, input=TEXTS, user="me", **more)
    assert found.model == MODEL
    assert found.usage.prompt_tokens == found.usage.total_tokens > 0
    for entry, text in zip(found.data, TEXTS, strict=True):
        vector: Any = entry.embedding
        if isinstance(vector, str):  # asked for by name, the client does not decode it
            vector = decode(vector, "base64")
        assert same(vector, single(served, text))


def test_openai_embeds_a_text_at_a_size_for_a_task(served: Running, client: openai.OpenAI) -> None:
    found = client.embeddings.create(
        model=MODEL, input="rain", dimensions=128, extra_body={"task": "retrieval.query"}
    )
    vector = expected(served, "rain", Task.RETRIEVAL_QUERY, dimensions=128).single
    assert same(found.data[0].embedding, vector)


@pytest.mark.parametrize("given", [[1, 2, 3], [[1, 2], [3]]])
def test_openai_is_refused_token_ids(client: openai.OpenAI, given: Any) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="token ids"):
        client.embeddings.create(model=MODEL, input=given)


def test_openai_knows_our_errors(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="is not served") as caught:
        client.embeddings.create(model="text-embedding-3-small", input="rain")
    assert caught.value.code == "INPUT_MODEL_NOT_FOUND"
    assert caught.value.request_id
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("text-embedding-3-small")


def test_openai_lists_the_model(client: openai.OpenAI) -> None:
    assert [each.id for each in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).owned_by == "jinaai"


@pytest.mark.parametrize("form", ["base64", "float"])
def test_our_client_gets_what_the_local_model_gives(
    served: Running, form: EmbeddingType, tmp_path: Path
) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(picture("teal"))
    inputs: list[Input] = [Text(TEXTS[1]), Image(picture()), Image(file), Text("")]
    want = Want.SINGLE | Want.MULTI
    with HostedProvider("any", base_url=served.url, embedding_type=form) as hosted:
        for found, content in zip(
            hosted.embed(inputs, Task.RETRIEVAL_PASSAGE, want, dimensions=128), inputs, strict=True
        ):
            own = expected(served, content, Task.RETRIEVAL_PASSAGE, want, dimensions=128)
            assert isinstance(found, Embedding)
            assert same(found.single, own.single)
            assert same(found.multi, own.multi)
            assert found.tokens == own.tokens


def test_our_client_chunks_late(served: Running) -> None:
    text, spans = "".join(TEXTS), [(0, len(TEXTS[0])), (len(TEXTS[0]), len("".join(TEXTS)))]
    with HostedProvider("any", base_url=served.url) as hosted:
        found = hosted.embed_spans(text, spans, Task.RETRIEVAL_PASSAGE, dimensions=128)
    own = served.provider.embed_spans(text, spans, Task.RETRIEVAL_PASSAGE, dimensions=128)
    for part, of_provider in zip(found, own, strict=True):
        assert isinstance(part, Embedding)
        assert same(part.single, of_provider.single)


def test_our_client_hears_which_input_is_wrong(served: Running) -> None:
    with HostedProvider("any", base_url=served.url) as hosted:
        found, error = hosted.embed(
            [Text("rain"), Text("rain " * 10_000)], Task.TEXT_MATCHING, Want.SINGLE, dimensions=128
        )
    assert isinstance(found, Embedding)
    assert same(found.single, expected(served, "rain", dimensions=128).single)
    assert isinstance(error, TooLongError)


def test_bodies_of_frameworks(served: Running) -> None:
    image = in_base64(picture())
    # LangChain, LlamaIndex: the older keys of images. LlamaIndex asks for its encoding by name.
    old = entries(served, [{"text": "rain"}, {"bytes": image}], encoding_type="float")
    # Weaviate: fields of other models. Haystack: images among the texts.
    weaviate: dict[str, Any] = {
        "normalized": True,
        "embedding_type": "float",
        "task": "text-matching",
    }
    new = entries(served, ["rain", f"data:image/png;base64,{image}"], **weaviate)
    for found in (old, new):
        assert same(found[0]["embedding"], single(served, "rain"))
        assert same(found[1]["embedding"], single(served, picture()))


def test_bodies_of_elasticsearch(served: Running) -> None:
    # Of its `openai` service, the one that it makes an endpoint with included.
    found = answer(served, ["how big"], user=None)
    assert isinstance(found["data"][0]["embedding"][0], float)
    # Of its `jinaai` service.
    more: dict[str, Any] = {
        "task": "retrieval.passage",
        "embedding_type": "float",
        "late_chunking": False,
    }
    [entry] = entries(served, [{"text": "rain"}], dimensions=128, **more)
    vector = expected(served, "rain", Task.RETRIEVAL_PASSAGE, dimensions=128).single
    assert same(entry["embedding"], vector)


@pytest.mark.parametrize(
    ("path", "more", "task"),
    [
        ("/embed", {}, Task.TEXT_MATCHING),
        ("/", {"normalize": True, "truncate": False}, Task.TEXT_MATCHING),
        ("/embed", {"prompt_name": "query"}, Task.RETRIEVAL_QUERY),
        ("/embed?task=code.query", {}, Task.CODE_QUERY),
        ("/v1/retrieval.passage/embed", {}, Task.RETRIEVAL_PASSAGE),
        ("/v1/retrieval.passage/embed", {"prompt_name": "query"}, Task.RETRIEVAL_QUERY),
    ],
)
def test_text_embeddings_inference(served: Running, path: str, more: Any, task: Task) -> None:
    found = served.post(path, {"inputs": TEXTS, **more}).json()
    assert len(found) == len(TEXTS)
    assert all(
        same(row, single(served, text, task)) for row, text in zip(found, TEXTS, strict=True)
    )
    [alone] = served.post(path, {"inputs": TEXTS[0], **more, "dimensions": 128}).json()
    assert same(alone, expected(served, TEXTS[0], task, dimensions=128).single)


def test_text_embeddings_inference_reads_no_data_uri_as_text(served: Running) -> None:
    image = "data:image/png;base64," + in_base64(picture())
    [found] = served.post("/embed", {"inputs": image}).json()
    assert same(found, single(served, picture()))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"inputs": []}, "at least one"),
        ({"inputs": 5}, "string"),
        ({"inputs": [["a", "b"]]}, "string"),
        ({"inputs": "a", "normalize": False}, "length 1"),
        ({"inputs": "a", "dimensions": 257}, "256"),
        ({}, "required"),
    ],
)
def test_text_embeddings_inference_refuses(served: Running, content: Any, told: str) -> None:
    response = served.post("/embed", content)
    assert response.status_code == 422
    assert told in response.json()["detail"]
