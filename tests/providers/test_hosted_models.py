"""jina-embeddings-v3 and jina-clip-v2 as a library: what each can do, and what it refuses."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from es_jina.embedding import Embedding, unit
from es_jina.errors import ItemError, RequestError
from es_jina.inputs import Image, Task, Text
from es_jina.providers import describe, profile_for
from es_jina.providers.base import Want
from es_jina.providers.hosted import HostedProvider
from es_jina.providers.hosted_models import HOSTED_MODELS, hosted_model
from es_jina.testing import StubApi, expected

V3, CLIP = "jina-embeddings-v3", "jina-clip-v2"


def provider(api: StubApi, model: str, **options: Any) -> HostedProvider:
    return HostedProvider(api.key, base_url=api.url, model=model, **options)


def picture(width: int, height: int) -> Image:
    buffer = io.BytesIO()
    Pillow.new("RGB", (width, height), "teal").save(buffer, "PNG")
    return Image(buffer.getvalue())


@pytest.mark.parametrize("name", [*HOSTED_MODELS])
def test_a_model_is_known_by_both_names(name: str) -> None:
    assert hosted_model(name) is hosted_model(f"jinaai/{name}")
    assert hosted_model(name).info.name == f"jinaai/{name}"


def test_v4_is_the_usual_one() -> None:
    assert hosted_model(None) is hosted_model("jina-embeddings-v4")


def test_a_model_that_there_is_not() -> None:
    with pytest.raises(RequestError, match=r"choose from jina-embeddings-v4, .*--server"):
        HostedProvider("jina_x", model="jina-embeddings-v9")


def test_a_server_may_have_another_name_for_it() -> None:
    assert hosted_model("our-model", server=True) is hosted_model(None)


@pytest.mark.parametrize(
    ("width", "height", "tiles"), [(28, 28, 1), (29, 28, 2), (896, 672, 32 * 24), (1, 1, 1)]
)
def test_tiles(width: int, height: int, tiles: int) -> None:
    assert hosted_model(None).tiles(width, height) == tiles


@pytest.mark.parametrize("model", [V3, CLIP, f"jinaai/{V3}"])
@pytest.mark.parametrize("dims", [128, 512, None])
def test_vectors_are_the_apis(api: StubApi, model: str, dims: int | None) -> None:
    with provider(api, model) as opened:
        (found,) = opened.embed([Text("words")], Task.RETRIEVAL_QUERY, Want.SINGLE, dimensions=dims)
    assert isinstance(found, Embedding)
    short = model.removeprefix("jinaai/")
    whole = expected("words", "retrieval.query", model=short)
    assert found.single is not None
    np.testing.assert_allclose(found.single, unit(whole[:dims]), atol=1e-6)
    assert (found.multi, len(found.single)) == (None, dims or 1024)


@pytest.mark.parametrize("task", [Task.CODE_QUERY, Task.CODE_PASSAGE])
@pytest.mark.parametrize("model", [V3, CLIP])
def test_tasks_that_a_model_lacks(api: StubApi, model: str, task: Task) -> None:
    with provider(api, model) as opened, pytest.raises(RequestError, match=f"no task {task}"):
        opened.embed([Text("words")], task, Want.SINGLE)
    assert api.requests == []


def test_clip_matches_texts_under_no_task(api: StubApi) -> None:
    with provider(api, CLIP) as opened, pytest.raises(RequestError, match="no task text-matching"):
        opened.embed([Text("words")], Task.TEXT_MATCHING, Want.SINGLE)


@pytest.mark.parametrize("model", [V3, CLIP])
def test_wishes_that_cannot_be_met(api: StubApi, model: str) -> None:
    with provider(api, model) as opened:
        with pytest.raises(RequestError, match="has no multi-vectors"):
            opened.embed([Text("words")], Task.RETRIEVAL_QUERY, Want.MULTI)
        with pytest.raises(RequestError, match="has no 2048 dimensions"):
            opened.embed([Text("words")], Task.RETRIEVAL_QUERY, Want.SINGLE, dimensions=2048)
    assert api.requests == []


def test_v3_reads_no_images_and_says_so_of_each(api: StubApi) -> None:
    with provider(api, V3) as opened:
        failed, found = opened.embed(
            [picture(60, 40), Text("words")], Task.RETRIEVAL_PASSAGE, Want.SINGLE
        )
    assert isinstance(failed, ItemError)
    assert "jina-embeddings-v3 reads no images" in str(failed)
    assert isinstance(found, Embedding)


def test_clip_images_are_scaled_to_one_tile_of_area(api: StubApi) -> None:
    with provider(api, CLIP) as opened:
        (found,) = opened.embed([picture(2000, 2000)], Task.RETRIEVAL_PASSAGE, Want.SINGLE)
        preview = opened.preview([picture(2000, 2000)], Task.RETRIEVAL_PASSAGE, Want.SINGLE)
    assert isinstance(found, Embedding)
    (body,) = api.bodies
    assert "task" not in body
    # 512 x 512 pixels are billed as 4,000 tokens.
    assert preview.usage.tokens == 4000


def test_late_chunking(api: StubApi) -> None:
    text = "words and words. " * 4000
    spans = [(first, first + 680) for first in range(0, len(text), 680)]
    with provider(api, V3) as opened:
        found = opened.embed_spans(text, spans, Task.RETRIEVAL_PASSAGE)
    assert all(isinstance(each, Embedding) for each in found)
    # As many together as the model reads, and none refused on the way.
    assert {seen.status for seen in api.requests} == {200}
    assert 1 < len(api.bodies) < 10
    with provider(api, CLIP) as opened, pytest.raises(RequestError, match="no late chunking"):
        opened.embed_spans(text, spans, Task.RETRIEVAL_PASSAGE)


def test_a_text_that_is_too_long_is_told_without_another_way(api: StubApi) -> None:
    with provider(api, V3) as opened:
        (failed,) = opened.embed([Text("long " * 9000)], Task.RETRIEVAL_PASSAGE, Want.SINGLE)
    assert "maximum of 8194 tokens" in str(failed)
    assert "--provider local" not in str(failed)


@pytest.mark.parametrize("model", [V3, CLIP])
def test_profiles(model: str) -> None:
    info = describe("hosted", model)
    profile = profile_for(info, store=None)
    assert (profile.dims, profile.multi_vector, profile.model) == ((1024,), None, f"jinaai/{model}")
    with pytest.raises(RequestError, match=r"no multi-vectors: leave them out \(--multi none\)"):
        profile_for(info)
