"""Which refusals are about size, and what they allow."""

import pytest

from es_jina.errors import ItemError
from es_jina.inputs import Task, Text
from es_jina.providers.base import Want
from es_jina.providers.hosted import HostedProvider
from es_jina.providers.too_large import most_items, most_tokens, too_large
from es_jina.testing import StubApi


@pytest.mark.parametrize(
    ("said", "items", "tokens"),
    [
        ("Each input list can contain at most 512 items.. Field errors: : Invalid", 512, None),
        ("input length is larger than the largest allowed size 2048", 2048, None),
        ("batch size 40 > maximum allowed batch size 32", 32, None),
        ("Input text exceeds the model's maximum of 8,194 tokens. Use truncate", None, 8194),
        ("`inputs` must have less than 512 tokens. Given: 600", None, 512),
        ("This model's maximum context length is 8192 tokens, you sent 9000", None, 8192),
        ("Image exceeds the maximum of 5 MB.", None, None),
        ("A text has at most 100000 characters", None, None),
    ],
)
def test_of_size(said: str, items: int | None, tokens: int | None) -> None:
    assert too_large(400, None, said)
    assert (most_items(said), most_tokens(said)) == (items, tokens)


@pytest.mark.parametrize(
    "said",
    [
        "dimensions must be at most 2048",
        "A document has at most 1 page",
        "priority: at most 3 levels",
        "You may send at most 60 requests per minute",
        "the maximum of the temperature is 2",
        "Failed to encode text",
        "",
    ],
)
def test_of_something_else(said: str) -> None:
    assert not too_large(400, None, said)
    assert (most_items(said), most_tokens(said)) == (None, None)


def test_by_status_and_by_name() -> None:
    assert too_large(413, None, "")
    assert too_large(400, "INPUT_TOKEN_LIMIT_EXCEEDED", "")
    assert not too_large(400, "INPUT_INVALID", "")


def test_texts_that_are_refused_together_are_parted_for_their_size_alone(
    api: StubApi, hosted: HostedProvider
) -> None:
    """Late chunking reads the parts of a text as one: smaller ones help against no other limit."""
    text = "one two three four"
    spans = [(0, 3), (4, 7), (8, 13), (14, 18)]
    hosted.embed([Text("a")], Task.RETRIEVAL_PASSAGE, Want.SINGLE)  # the service takes something
    api.refuses = lambda item: "a language counts at most 3 letters"
    refused = hosted.embed_spans(text, spans, Task.RETRIEVAL_PASSAGE, Want.SINGLE)
    assert [type(each) for each in refused] == [ItemError] * 4
    assert len(api.requests) == 2
