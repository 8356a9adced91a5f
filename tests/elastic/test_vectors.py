import base64
import struct

import hypothesis.extra.numpy as hnp
import numpy as np
import orjson
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from es_jina.dense import ELEMENT_TYPES, DenseProfile, ElementType
from es_jina.elastic.vectors import (
    decode,
    dense_base64,
    dense_value,
    encode,
    pack,
    rank_vectors_query,
    rank_vectors_scale,
    rank_vectors_value,
    unpack,
)
from es_jina.embedding import cut

Floats = NDArray[np.float32]


def matrices(dims: tuple[int, ...] = (8, 16, 128)) -> st.SearchStrategy[Floats]:
    """Multi-vectors: rows of length 1, as the model returns them."""
    shapes = st.tuples(st.integers(1, 6), st.sampled_from(dims))
    numbers = st.floats(-1, 1, width=32, allow_subnormal=False)
    return shapes.flatmap(lambda shape: hnp.arrays(np.float32, shape, elements=numbers)).map(unit)


def unit(rows: Floats) -> Floats:
    norms = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    axis = np.eye(1, rows.shape[1])
    return np.where(norms > 1e-3, rows / np.maximum(norms, 1e-3), axis).astype(np.float32)


def naive_maxsim(query: list[list[float]], document: Floats) -> float:
    return float((np.array(query, np.float64) @ document.astype(np.float64).T).max(axis=1).sum())


def test_dense_base64_is_big_endian_float32() -> None:
    assert base64.b64decode(dense_base64([1.0, -2.5])) == bytes.fromhex("3f800000c0200000")


@given(hnp.arrays(np.float32, st.integers(1, 64), elements=st.floats(-1, 1, width=32)))
def test_dense_base64_reads_back_exactly(vector: Floats) -> None:
    data = base64.b64decode(dense_base64(vector))
    assert list(struct.unpack(f">{len(vector)}f", data)) == vector.tolist()


def test_dense_value_is_an_array_where_base64_is_not_read() -> None:
    vector = np.zeros(256, np.float32)
    vector[[0, 1, 200]] = [6, 8, 24]
    short = np.zeros(128, np.float32)
    short[[0, 1]] = [0.6, 0.8]
    field = DenseProfile.of(128)
    value = dense_value(vector, field, base64_allowed=False)
    # Which is what orjson writes as numbers, without a list in between.
    assert isinstance(value, np.ndarray)
    np.testing.assert_allclose(value, short, rtol=1e-6)
    assert orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).startswith(b"[0.6")
    assert dense_value(vector, field, base64_allowed=True) == dense_base64(value)


@given(hnp.arrays(np.float32, 200, elements=st.floats(-1, 1, width=32)), st.booleans())
def test_dense_values_of_bytes_and_bits_are_hexadecimal(vector: Floats, allowed: bool) -> None:
    vector[0] = 1.0
    short = cut(vector, 128)
    bits = dense_value(vector, DenseProfile.of(128, None, "bit"), base64_allowed=allowed)
    assert np.array_equal(np.unpackbits(_bytes(bits).view(np.uint8)) == 1, short > 0)
    cosine = _bytes(dense_value(vector, DenseProfile.of(128, None, "byte"), base64_allowed=allowed))
    assert np.abs(cosine.astype(int)).max() == 127
    np.testing.assert_allclose(cosine / 127 * np.abs(short).max(), short, atol=0.5 / 127)
    field = DenseProfile.of(128, None, "byte", "dot_product")
    dot = _bytes(dense_value(vector, field, base64_allowed=allowed))
    np.testing.assert_allclose(dot / 127, short, atol=0.501 / 127)


def _bytes(value: str | Floats) -> NDArray[np.int8]:
    assert isinstance(value, str)
    return np.frombuffer(bytes.fromhex(value), np.int8)


@pytest.mark.parametrize(
    ("element_type", "bound"),
    [("float", 0.0), ("bfloat16", 2.0**-8), ("byte", 0.5 / 127 + 1e-6)],
)
@given(multi=matrices())
def test_packing_keeps_numbers_within_the_precision_of_the_type(
    element_type: ElementType, bound: float, multi: Floats
) -> None:
    stored = unpack(pack(multi, element_type), element_type, multi.shape[1])
    assert np.array_equal(stored, encode(multi, element_type))
    back = decode(stored, element_type)
    assert back.dtype == np.float32
    assert back.shape == multi.shape
    # bfloat16 has 8 significant bits: its error is relative to the number.
    size = np.abs(multi) if element_type == "bfloat16" else 1.0
    assert np.all(np.abs(back - multi) <= bound * size + np.finfo(np.float32).tiny)


@given(multi=matrices())
def test_bits_are_signs_in_rows_of_length_1(multi: Floats) -> None:
    back = decode(unpack(pack(multi, "bit"), "bit", multi.shape[1]), "bit")
    assert np.array_equal(back > 0, multi > 0)
    np.testing.assert_allclose(np.linalg.norm(back, axis=1), 1, rtol=1e-6)


def test_the_first_number_is_the_most_significant_bit() -> None:
    multi = np.array([[1, -1, -1, -1, -1, -1, -1, 1, 1, 1, 0, 0, 0, 0, 0, 0]], np.float32)
    assert base64.b64decode(pack(multi, "bit")) == bytes([0b1000_0001, 0b1100_0000])


@pytest.mark.parametrize(
    ("element_type", "size"), [("float", 512), ("bfloat16", 256), ("byte", 128), ("bit", 16)]
)
def test_packed_bytes_of_one_vector(element_type: ElementType, size: int) -> None:
    multi = np.full((3, 128), 128**-0.5, np.float32)
    assert len(base64.b64decode(pack(multi, element_type))) == 3 * size


@given(multi=matrices(), element_type=st.sampled_from(ELEMENT_TYPES))
def test_the_layout_in_memory_does_not_matter(multi: Floats, element_type: ElementType) -> None:
    assert pack(np.asfortranarray(multi), element_type) == pack(multi, element_type)
    assert pack(multi[::-1][::-1], element_type) == pack(multi, element_type)


@given(hnp.arrays(np.float32, (2, 8), elements=st.floats(-1, 1, width=32)))
def test_bfloat16_is_rounded_as_torch_does(numbers: Floats) -> None:
    theirs = torch.from_numpy(numbers).to(torch.bfloat16).view(torch.int16).numpy()
    assert np.array_equal(encode(numbers, "bfloat16"), theirs.view(np.uint16))


@pytest.mark.parametrize(
    ("bits", "rounded"),
    [
        (0x3F808000, 0x3F80),  # a tie: to the even one below
        (0x3F818000, 0x3F82),  # a tie: to the even one above
        (0x3F808001, 0x3F81),
        (0x3F807FFF, 0x3F80),
    ],
)
def test_bfloat16_ties_go_to_even(bits: int, rounded: int) -> None:
    number = np.array([[bits]], np.uint32).view(np.float32)
    assert encode(number, "bfloat16").tolist() == [[rounded]]


def read(value: list[str] | Floats) -> NDArray[np.generic]:
    """What Elasticsearch reads from a value of a ``rank_vectors`` field: hexadecimal is bytes."""
    if isinstance(value, list):
        return np.array([list(bytes.fromhex(row)) for row in value], np.uint8).view(np.int8)
    return np.array(orjson.loads(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)))


def listed(multi: Floats, element_type: ElementType) -> NDArray[np.generic]:
    return read(rank_vectors_value(multi, element_type, base64_allowed=False))


@given(multi=matrices())
def test_rank_vectors_values_that_every_release_reads(multi: Floats) -> None:
    tokens, dims = multi.shape
    for layout in (multi, np.asfortranarray(multi)):
        bytes_ = listed(layout, "byte")
        assert bytes_.shape == (tokens, dims)
        assert np.array_equal(bytes_, np.rint(multi * np.float32(127)))
        bits = listed(layout, "bit")
        assert bits.shape == (tokens, dims // 8)
        assert np.array_equal(np.unpackbits(bits.view(np.uint8), axis=1) == 1, multi > 0)
        assert np.array_equal(listed(layout, "float").astype(np.float32), multi)
        halves = listed(layout, "bfloat16").astype(np.float32)
        assert np.array_equal(halves, decode(encode(multi, "bfloat16"), "bfloat16"))


@pytest.mark.parametrize(
    ("element_type", "wire"), [("float", ">f4"), ("bfloat16", ">u2"), ("byte", "i1"), ("bit", "u1")]
)
@given(multi=matrices())
def test_rank_vectors_values_in_base64_are_big_endian(
    element_type: ElementType, wire: str, multi: Floats
) -> None:
    for layout in (multi, np.asfortranarray(multi)):
        value = rank_vectors_value(layout, element_type, base64_allowed=True)
        assert isinstance(value, list)
        rows = [np.frombuffer(base64.b64decode(row, validate=True), wire) for row in value]
        assert np.array_equal(rows, encode(multi, element_type))


@given(multi=matrices())
def test_rank_vectors_queries(multi: Floats) -> None:
    whole = rank_vectors_query(multi, "byte")
    assert all(isinstance(number, int) and -127 <= number <= 127 for row in whole for number in row)
    for element_type in ("float", "bfloat16", "bit"):
        # Not packed for bits: the query keeps its precision there.
        query = np.array(rank_vectors_query(multi, element_type))
        assert query.shape == multi.shape
        np.testing.assert_allclose(query, multi, rtol=0, atol=6e-6)


@pytest.mark.parametrize("element_type", ELEMENT_TYPES)
@given(data=st.data())
def test_scores_of_rank_vectors_are_those_of_packed_vectors(
    element_type: ElementType, data: st.DataObject
) -> None:
    """The one scale that hits promise: the mean cosine, whichever store and element type."""
    query, document = data.draw(matrices((16,))), data.draw(matrices((16,)))
    stored = listed(document, element_type)
    if element_type == "bit":
        # What Elasticsearch does: it adds up the query's numbers where a bit is set.
        stored = np.unpackbits(stored.astype(np.int8).view(np.uint8), axis=1)
    asked = rank_vectors_query(query, element_type)
    factor, summand = rank_vectors_scale(asked, element_type)
    theirs = naive_maxsim(asked, stored.astype(np.float32)) * factor + summand
    ours = naive_maxsim(query.tolist(), decode(encode(document, element_type), element_type))
    assert theirs == pytest.approx(ours / len(query), abs=0.02)
