"""POST /v1/embeddings: what each field does, held against the provider's own vectors."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from es_jina.embedding import Embedding
from es_jina.inputs import Task
from es_jina.providers.base import Want
from es_jina.providers.encodings import EmbeddingType, decode, encode
from tests.ingest.files import pdf
from tests.server.running import Running
from tests.server.wire.asking import (
    MODEL,
    PATH,
    TEXTS,
    answer,
    body,
    entries,
    expected,
    in_base64,
    picture,
    same,
    single,
)

BOTH = Want.SINGLE | Want.MULTI


def test_answer_has_the_hosted_keys_in_their_order(served: Running) -> None:
    found = answer(served, TEXTS)
    assert list(found) == ["model", "object", "usage", "data"]
    assert [list(each) for each in found["data"]] == [["object", "index", "embedding"]] * 2
    assert (found["model"], found["object"]) == (MODEL, "list")
    assert [each["index"] for each in found["data"]] == [0, 1]
    assert {each["object"] for each in found["data"]} == {"embedding"}


def test_usage_counts_what_the_model_read(served: Running) -> None:
    tokens = sum(expected(served, text).tokens for text in TEXTS)
    assert answer(served, TEXTS)["usage"] == {"total_tokens": tokens, "prompt_tokens": tokens}


@pytest.mark.parametrize(
    "given",
    ["rain", {"text": "rain"}, ["rain"], [{"text": "rain"}], {"text": "rain", "url": "its source"}],
)
def test_text_in_each_form(served: Running, given: Any) -> None:
    [entry] = entries(served, given)
    assert same(entry["embedding"], single(served, "rain"))


@pytest.mark.parametrize(
    "text", ["", " ", "a\x00b", "e\u0301", "\U0001f600", "data: the numbers", "x,y"]
)
def test_any_text_is_embedded_as_it_is(served: Running, text: str) -> None:
    [entry] = entries(served, text)
    assert same(entry["embedding"], single(served, text))


@pytest.mark.parametrize("key", ["image", "url", "bytes"])
@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,", "DATA:image/png;name=a;Base64,"])
def test_image_by_each_key(served: Running, key: str, prefix: str) -> None:
    [entry] = entries(served, {key: prefix + in_base64(picture())})
    assert same(entry["embedding"], single(served, picture()))


def test_base64_of_other_writers(served: Running) -> None:
    raw = in_base64(picture("#fbefff"))
    lines = "\r\n".join(raw[at : at + 76] for at in range(0, len(raw), 76))
    found = entries(
        served,
        [
            {"image": raw.rstrip("=")},
            {"image": lines},
            {"image": raw.replace("+", "-").replace("/", "_")},
        ],
    )
    vector = single(served, picture("#fbefff"))
    assert all(same(entry["embedding"], vector) for entry in found)


@pytest.mark.parametrize("prefix", ["data:image/png;base64,", " data:IMAGE/png;a=b;base64,"])
@pytest.mark.parametrize("in_object", [False, True])
def test_data_uri_among_texts_is_an_image(served: Running, prefix: str, in_object: bool) -> None:
    uri = prefix + in_base64(picture())
    found = entries(served, ["rain", {"text": uri} if in_object else uri])
    assert same(found[0]["embedding"], single(served, "rain"))
    assert same(found[1]["embedding"], single(served, picture()))


@pytest.mark.parametrize(
    "text",
    [
        "data:application/pdf;base64,JVBERg==",
        "data:;base64,AAAA",
        "data:image/svg+xml,<svg/>",
        "data:image/png;base64,",
        "data:image/png;base64,AAAA",
    ],
)
def test_data_uri_is_never_read_as_text(served: Running, text: str) -> None:
    for each in (text, {"text": text}):
        assert served.post(PATH, body([each])).status_code in {400, 422}


def test_mixture_keeps_its_order(served: Running) -> None:
    given: list[Any] = ["rain", {"image": in_base64(picture())}, {"text": "sun"}, "wind"]
    found = entries(served, given, task="retrieval.passage")
    contents: list[str | bytes] = ["rain", picture(), "sun", "wind"]
    for entry, content in zip(found, contents, strict=True):
        assert same(entry["embedding"], single(served, content, Task.RETRIEVAL_PASSAGE))


def test_each_page_of_a_pdf_is_an_entry(served: Running, tmp_path: Path) -> None:
    file = in_base64(pdf(tmp_path / "a.pdf", "rain", "A longer line: the sun").read_bytes())
    found = entries(served, {"pdf": f"data:application/pdf;base64,{file}"}, return_multivector=True)
    assert [entry["index"] for entry in found] == [0, 1]
    first, second = (np.array(entry["embeddings"], np.float32) for entry in found)
    # 300 x 400 points at the resolution of a page that is ingested: as many tokens each.
    assert first.shape == second.shape
    assert len(first) > 100
    assert not np.allclose(first, second, atol=1e-3)


@pytest.mark.parametrize("form", ["float", "base64", "binary", "ubinary"])
def test_each_encoding_of_single_vectors(served: Running, form: EmbeddingType) -> None:
    [entry] = entries(served, "rain", embedding_type=form, dimensions=128)
    vector = expected(served, "rain", dimensions=128).single
    assert vector is not None
    found = entry["embedding"]
    assert same(decode(found, form), decode(encode(vector, form), form))
    if form in {"binary", "ubinary"}:
        assert all(isinstance(number, float) for number in found)
        assert len(found) == 16


@pytest.mark.parametrize("form", ["float", "base64", "binary", "ubinary"])
def test_each_encoding_of_multi_vectors(served: Running, form: EmbeddingType) -> None:
    [entry] = entries(served, "rain", embedding_type=form, return_multivector=True)
    rows = expected(served, "rain", want=Want.MULTI).multi
    assert rows is not None
    assert list(entry) == ["object", "index", "embeddings"]
    assert entry["object"] == "embeddings"
    assert len(entry["embeddings"]) == len(rows)
    for found, row in zip(entry["embeddings"], rows, strict=True):
        assert isinstance(found, str) == (form == "base64")
        assert same(decode(found, form), decode(encode(row, form), form))


def test_both_kinds_from_one_pass(served: Running) -> None:
    [entry] = entries(
        served, "rain", return_multivector=True, return_embedding=True, dimensions=128
    )
    both = expected(served, "rain", want=BOTH, dimensions=128)
    assert list(entry) == ["object", "index", "embedding", "embeddings"]
    assert entry["object"] == "embeddings"
    assert same(entry["embedding"], both.single)
    assert same(entry["embeddings"], both.multi)


def test_tokenized_input_names_the_text_of_each_vector(served: Running) -> None:
    given = [TEXTS[1], {"image": in_base64(picture())}]
    text, image = entries(served, given, return_multivector=True, return_tokenized_input=True)
    assert list(text) == ["object", "index", "embeddings", "tokenized_input"]
    assert len(text["tokenized_input"]) == len(text["embeddings"])
    assert len(image["tokenized_input"]) == len(image["embeddings"])
    assert TEXTS[1].startswith("".join(text["tokenized_input"])[:8])
    assert image["tokenized_input"].count("<|image_pad|>") == 6  # (84 / 28) x (56 / 28)


@pytest.mark.parametrize("dimensions", [1, 100, 128, 256])
def test_any_size_up_to_the_full_one(served: Running, dimensions: int) -> None:
    [entry] = entries(served, "rain", dimensions=dimensions)
    cut = single(served, "rain")[:dimensions]
    assert same(entry["embedding"], cut / np.linalg.norm(cut))


@pytest.mark.parametrize("multi", [False, True])
def test_late_chunking_is_that_of_the_provider(served: Running, multi: bool) -> None:
    found = entries(
        served,
        TEXTS,
        late_chunking=True,
        return_multivector=multi,
        return_tokenized_input=multi,
        task="retrieval.passage",
    )
    ends = [0, len(TEXTS[0]), len(TEXTS[0] + TEXTS[1])]
    parts = served.provider.embed_spans(
        "".join(TEXTS),
        [(ends[0], ends[1]), (ends[1], ends[2])],
        Task.RETRIEVAL_PASSAGE,
        Want.MULTI if multi else Want.SINGLE,
    )
    for entry, part, text in zip(found, parts, TEXTS, strict=True):
        assert isinstance(part, Embedding)
        if multi:
            assert same(entry["embeddings"], part.multi)
            assert "".join(entry["tokenized_input"]).strip()[:3] == text[:3]
        else:
            assert same(entry["embedding"], part.single)


@pytest.mark.parametrize(
    ("named", "value", "alias"),
    [
        ("input", "rain", "content"),
        ("input", ["rain"], "texts"),
        ("task", "code.query", "task_type"),
        ("dimensions", 64, "output_dimensionality"),
        ("dimensions", 64, "output_dimension"),
        ("embedding_type", "base64", "encoding_format"),
        ("embedding_type", "base64", "encoding_type"),
        ("truncate", True, "truncation"),
    ],
)
def test_alias_is_its_field(served: Running, named: str, value: Any, alias: str) -> None:
    plain = served.post(PATH, {**body("rain"), named: value}).json()
    other = {**body("rain"), alias: value}
    if named == "input":
        del other["input"]
    assert served.post(PATH, other).json() == plain


def test_fields_that_change_nothing(served: Running) -> None:
    nothing: dict[str, Any] = dict.fromkeys(
        (
            "task",
            "dimensions",
            "embedding_type",
            "return_multivector",
            "return_tokenized_input",
            "late_chunking",
            "truncate",
        )
    )
    plain = answer(served, "rain")
    assert answer(served, "rain", **nothing) == plain
    assert answer(served, "rain", normalized=True, user="me", more={"a": [1]}) == plain
    assert answer(served, "rain", embedding_type=["float"]) == plain


@pytest.mark.parametrize(
    ("path", "more", "task"),
    [
        (PATH, {}, Task.TEXT_MATCHING),
        *((PATH, {"task": task.value}, task) for task in Task),
        *((f"/v1/{task.value}/embeddings", {}, task) for task in Task),
        (f"{PATH}?task=code.passage", {}, Task.CODE_PASSAGE),
        (PATH, {"model": f"{MODEL}:retrieval.query"}, Task.RETRIEVAL_QUERY),
        (PATH, {"model": f"jinaai/{MODEL}"}, Task.TEXT_MATCHING),
        *((PATH, {"input_type": kind}, Task.RETRIEVAL_QUERY) for kind in ("query", "search")),
        *(
            (PATH, {"input_type": kind}, Task.RETRIEVAL_PASSAGE)
            for kind in ("passage", "document", "ingest")
        ),
        # What is nearer goes before: the body, then the address, then the model.
        ("/v1/code.query/embeddings", {"task": "code.passage"}, Task.CODE_PASSAGE),
        ("/v1/code.query/embeddings?task=code.passage", {}, Task.CODE_QUERY),
        (f"{PATH}?task=code.query", {"model": f"{MODEL}:retrieval.query"}, Task.CODE_QUERY),
    ],
)
def test_task_is_named_in_each_place(
    served: Running, path: str, more: dict[str, Any], task: Task
) -> None:
    [entry] = entries(served, "rain", path, **more)
    assert same(entry["embedding"], single(served, "rain", task))


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_content_type_is_not_asked_for(served: Running, content_type: str) -> None:
    response = served.post(
        PATH,
        b'{"model":"jina-embeddings-v4","input":"rain"}',
        headers={"Content-Type": content_type},
    )
    assert response.status_code == 200


def test_of_a_field_that_stands_twice_the_last_counts(served: Running) -> None:
    response = served.post(PATH, b'{"model":"jina-embeddings-v4","input":"sun","input":"rain"}')
    assert same(response.json()["data"][0]["embedding"], single(served, "rain"))


@pytest.mark.parametrize("form", ["base64", "float"])
def test_large_answer_comes_in_parts(served: Running, form: EmbeddingType) -> None:
    texts = [f"{number} " + "word " * 600 for number in range(4)]
    wanted = body(texts, return_multivector=True, embedding_type=form)
    response = served.post(PATH, wanted)
    assert "content-length" not in response.headers
    found = response.json()
    assert found["usage"]["total_tokens"] == sum(len(each["embeddings"]) for each in found["data"])
    for index, (text, each) in enumerate(zip(texts, found["data"], strict=True)):
        assert each["index"] == index
        rows = np.stack([decode(row, form) for row in each["embeddings"]])
        assert same(rows, expected(served, text, want=Want.MULTI).multi)
