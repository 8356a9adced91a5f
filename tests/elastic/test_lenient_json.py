import pytest
from elasticsearch import SerializationError
from hypothesis import given
from hypothesis import strategies as st

from es_jina.elastic.lenient_json import LenientJsonSerializer

JSON = LenientJsonSerializer()


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists))
def test_what_is_written_is_read(value: object) -> None:
    assert JSON.loads(JSON.dumps([value])) == [value]


def test_half_a_pair_is_read() -> None:
    assert JSON.loads(b'{"title": "a \\ud800 b"}') == {"title": "a \ud800 b"}


@pytest.mark.parametrize("data", [b"{", b"<html>", b'"\xff"', b'{"a": "\\ud800"'])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(SerializationError):
        JSON.loads(data)
