"""Late chunking with the hosted provider: the parts of one text know each other."""

import numpy as np
import pytest

from es_jina.embedding import Embedding
from es_jina.errors import RequestError, TooLongError
from es_jina.providers.hosted import HostedProvider
from es_jina.testing import StubApi, expected, flat

from .asking import BOTH, TASK, embedding, failure, failures, multi, parted, single, sizes, unit


def test_the_parts_of_a_text_go_together(api: StubApi, hosted: HostedProvider) -> None:
    words = [f"Part {number}." for number in range(20)]
    results = hosted.embed_spans(*parted(words), TASK, BOTH)
    for word, result in zip(words, results, strict=True):
        one, many = (
            unit(expected(word, TASK, multi=kind, context="".join(words))) for kind in (False, True)
        )
        np.testing.assert_allclose(single(result), one, atol=1e-6)
        np.testing.assert_allclose(multi(result), many, atol=1e-6)
        assert embedding(result).tokens == len(many)
    assert [body["late_chunking"] for body in api.bodies] == [True, True]
    assert sorted(body.get("return_multivector", False) for body in api.bodies) == [False, True]


def test_single_vectors_of_parts_are_the_default_and_are_cut(
    api: StubApi, hosted: HostedProvider
) -> None:
    [result] = hosted.embed_spans("one two", [(0, 3)], TASK, dimensions=256)
    assert embedding(result).multi is None
    assert single(result).shape == (256,)
    assert api.bodies[0]["input"] == [{"text": "one"}]


def test_parts_are_grouped_below_the_token_limit(api: StubApi, hosted: HostedProvider) -> None:
    results = hosted.embed_spans(*parted(["7" * 8000] * 12), TASK)
    assert failures(results) == []
    assert sorted(sizes(api)) == [5, 7]


def test_parts_that_are_too_long_after_all_are_halved(api: StubApi, hosted: HostedProvider) -> None:
    api.queue(flat(413, "TOO_LARGE", "Too large."))
    words = [f"Part {number}." for number in range(6)]
    results = hosted.embed_spans(*parted(words), TASK)
    assert sizes(api) == [3, 3]
    for at, word in enumerate(words):
        known = words[:3] if at < 3 else words[3:]
        wanted = unit(expected(word, TASK, context="".join(known)))
        np.testing.assert_allclose(single(results[at]), wanted, atol=1e-6)


def test_a_part_above_the_token_limit_fails_alone(api: StubApi, hosted: HostedProvider) -> None:
    text, spans = parted(["before", "a" * 140_000, "behind"])
    results = hosted.embed_spans(text, spans, TASK)
    assert [type(result) for result in results] == [Embedding, TooLongError, Embedding]
    assert "maximum of 32768 tokens" in failure(results[1])
    assert "cut it into parts" in failure(results[1])


def test_parts_that_are_refused_are_not_embedded_without_their_text(
    api: StubApi, hosted: HostedProvider
) -> None:
    api.refuses = lambda item: "Failed to encode text" if item["text"] == "b" else None
    results = hosted.embed_spans(*parted(["a", "b", "c"]), TASK)
    assert len(api.bodies) == 1
    for result in results:
        assert "(400): Failed to encode text; embed it without late chunking" in failure(result)


def test_bad_parts_fail_alone(api: StubApi, hosted: HostedProvider) -> None:
    spans = [(0, 3), (4, 6), (3, 3), (5, 99), (-1, 2), (7, 12)]
    results = hosted.embed_spans("one \ud800. three", spans, TASK)
    assert failures(results) == [1, 2, 3, 4]
    assert "not Unicode" in failure(results[1])
    assert all("is not within the text" in failure(result) for result in results[2:5])
    assert sizes(api) == [2]


def test_no_parts(api: StubApi, hosted: HostedProvider) -> None:
    assert hosted.embed_spans("a text", [], TASK) == []
    assert api.requests == []


def test_spans_that_are_none(hosted: HostedProvider) -> None:
    with pytest.raises(RequestError, match="no pair of whole numbers"):
        hosted.embed_spans("a text", [(0, 1.5)], TASK)  # type: ignore[list-item]
    with pytest.raises(RequestError, match="must be a str"):
        hosted.embed_spans(b"a text", [(0, 1)], TASK)  # type: ignore[arg-type]
