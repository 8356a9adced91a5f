import io
import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from es_jina.cli.embed_groups import GroupSize, beside, groups, readable
from es_jina.cli.embed_inputs import Given
from es_jina.cli.embed_output import Output
from es_jina.embedding import Embedding
from es_jina.errors import ItemError
from es_jina.inputs import Image, Text

TEXTS = st.integers(0, 300).map(lambda size: Given("text", Text("x" * size)))
FAILED = st.just(Given("failed", ItemError("gone")))
IMAGES = st.just(Given("image", Image(b"")))


@given(st.lists(TEXTS | FAILED | IMAGES, max_size=40), st.integers(1, 9), st.integers(1, 900))
def test_groups_hold_all_in_order_and_no_more_than_they_may(
    inputs: list[Given], most: int, tokens: int
) -> None:
    parted = list(groups(inputs, GroupSize(most, tokens), 28 * 28 * 100))
    assert [each for group in parted for each in group] == inputs
    for group in parted:
        texts = [each.input.text for each in group if isinstance(each.input, Text)]
        images = sum(isinstance(each.input, Image) for each in group)
        assert 1 <= len(group) <= most
        assert len(group) == 1 or sum(map(len, texts)) // 2 + 100 * images <= tokens


@given(st.lists(TEXTS | FAILED, max_size=20))
def test_results_come_back_beside_their_inputs(inputs: list[Given]) -> None:
    sent = readable(inputs)
    found = list(beside(inputs, sent))
    assert [each for each, _ in found] == inputs
    assert all(each.input is result for each, result in found)


def test_a_text_that_was_cut_says_so() -> None:
    stream = io.BytesIO()
    whole = Embedding(np.array([0.1, -2], np.float32), None, 7)
    cut = Embedding(None, np.array([[0.25, 0.5]], np.float32), 9, truncated=True)
    output = Output(stream, "float")
    output.embedded(Given("a", Text("a")), whole)
    output.embedded(Given("b", Text("b")), cut)
    first, second = stream.getvalue().splitlines()
    # As few digits as tell one float32 from another.
    assert first == b'{"index":0,"input":"a","tokens":7,"embedding":[0.1,-2.0]}'
    told = {"index": 1, "input": "b", "tokens": 9, "truncated": True, "embeddings": [[0.25, 0.5]]}
    assert json.loads(second) == told
