"""What would be sent, without sending it: the exact bodies, all within the published schema."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import orjson
import pybase64
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from es_jina.errors import RequestError
from es_jina.inputs import Image, Input, Task, Text
from es_jina.providers.base import Want
from es_jina.providers.encodings import EMBEDDING_TYPES, EmbeddingType
from es_jina.providers.hosted import HostedProvider
from es_jina.providers.hosted_models import HOSTED_MODELS
from es_jina.testing import StubApi, check_request

from .asking import BOTH, TASK, file_bytes, parted, picture, texts

# Nobody listens there.
NOWHERE = "http://127.0.0.1:9"

PRODUCT_PAGE = (
    '{"model":"jina-embeddings-v4","task":"text-matching","input":['
    '{"text":"A beautiful sunset over the beach"},'
    '{"text":"Un beau coucher de soleil sur la plage"},'
    '{"text":"海滩上美丽的日落"},{"text":"浜辺に沈む美しい夕日"},'
    '{"image":"https://i.ibb.co/nQNGqL0/beach1.jpg"},'
    '{"image":"https://i.ibb.co/r5w8hG8/beach2.jpg"},'
    '{"image":"%s"}]}'
)


def test_the_request_of_the_product_page(tmp_path: Path) -> None:
    file = tmp_path / "beach.png"
    picture(300, 200).save(file)
    inputs: list[Input] = [
        Text("A beautiful sunset over the beach"),
        Text("Un beau coucher de soleil sur la plage"),
        Text("海滩上美丽的日落"),
        Text("浜辺に沈む美しい夕日"),
        Image("https://i.ibb.co/nQNGqL0/beach1.jpg"),
        Image("https://i.ibb.co/r5w8hG8/beach2.jpg"),
        Image(file),
    ]
    with HostedProvider("jina_x", base_url=NOWHERE, embedding_type="float") as provider:
        preview = provider.preview(inputs, Task.TEXT_MATCHING, Want.SINGLE)
    encoded = pybase64.b64encode(file.read_bytes()).decode()
    [body] = preview.bodies
    assert orjson.dumps(body).decode() == PRODUCT_PAGE % encoded
    assert preview.failed == {}


def test_it_is_what_is_sent(api: StubApi, hosted: HostedProvider) -> None:
    inputs: list[Input] = [*texts(600), Image(picture(60, 40)), Text("\ud800")]
    preview = hosted.preview(inputs, TASK, BOTH, dimensions=512)
    assert api.requests == []
    assert hosted.usage.requests == 0
    hosted.embed(inputs, TASK, BOTH, dimensions=512)

    def in_order(bodies: list[dict[str, object]]) -> list[bytes]:
        return sorted(map(orjson.dumps, bodies))

    assert in_order(preview.bodies) == in_order(api.bodies)
    assert [*preview.failed] == [601]
    assert preview.usage.requests == hosted.usage.requests == 4
    assert hosted.usage.tokens <= preview.usage.tokens <= 6 * hosted.usage.tokens


def test_nothing_is_nothing(hosted: HostedProvider) -> None:
    preview = hosted.preview([], TASK, BOTH)
    assert (preview.bodies, preview.usage.tokens, preview.failed) == ([], 0, {})


PICTURES = [
    Image(picture(40, 30)),
    Image(file_bytes(picture(60, 20), "JPEG")),
    Image(file_bytes(picture(1000, 800))),
    Image("https://example.org/a.png"),
]


Opened = Callable[[str, EmbeddingType], HostedProvider]


@pytest.fixture(scope="module")
def opened() -> Iterator[Opened]:
    """Opens each provider once: to load the certificates takes longer than all else."""
    with ExitStack() as stack:

        @cache
        def opening(model: str, embedding_type: EmbeddingType) -> HostedProvider:
            provider = HostedProvider(
                "jina_x", base_url=NOWHERE, model=model, embedding_type=embedding_type
            )
            return stack.enter_context(provider)

        yield opening


@settings(max_examples=60)
@given(
    model=st.sampled_from([*HOSTED_MODELS]),
    embedding_type=st.sampled_from(EMBEDDING_TYPES),
    inputs=st.lists(st.builds(Text, st.text(max_size=50)) | st.sampled_from(PICTURES), max_size=8),
    task=st.sampled_from(Task),
    want=st.sampled_from([Want.SINGLE, Want.MULTI, BOTH]),
    at=st.integers(-1, 8),
    truncate=st.booleans(),
)
def test_every_body_is_within_the_schema(
    opened: Opened,
    model: str,
    embedding_type: EmbeddingType,
    inputs: list[Input],
    task: Task,
    want: Want,
    at: int,
    truncate: bool,
) -> None:
    provider = opened(model, embedding_type)
    known = HOSTED_MODELS[model].info.dims
    dims = None if at < 0 else known[at % len(known)]
    try:
        preview = provider.preview(inputs, task, want, dimensions=dims, truncate=truncate)
    except RequestError:
        assert model != "jina-embeddings-v4"  # which has everything
        return
    for body in preview.bodies:
        check_request(body)
    kinds = 2 if want == BOTH else 1
    sent = sum(len(body["input"]) for body in preview.bodies)
    assert sent == kinds * (len(inputs) - len(preview.failed))
    if model == "jina-embeddings-v4":
        assert not preview.failed


def test_bodies_of_late_chunking_are_within_the_schema(
    api: StubApi, hosted: HostedProvider
) -> None:
    hosted.embed_spans(*parted(["one", "two"]), TASK, BOTH)
    for body in api.bodies:
        check_request(body)


@pytest.mark.parametrize("limit", [None, 3])
def test_max_tokens_do_not_change_a_preview(limit: int | None) -> None:
    with HostedProvider("jina_x", base_url=NOWHERE, max_tokens=limit) as provider:
        assert len(provider.preview(texts(3), TASK, BOTH).bodies) == 2
