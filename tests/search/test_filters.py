import pytest

from es_jina.errors import RequestError
from es_jina.search.filters import parse_filter


def test_a_field_and_its_value() -> None:
    assert parse_filter("kind=page") == {"term": {"kind": "page"}}
    assert parse_filter(" fields.size = a=b") == {"term": {"fields.size": " a=b"}}


def test_a_query_in_json() -> None:
    assert parse_filter('{"range": {"page": {"lt": 3}}}') == {"range": {"page": {"lt": 3}}}


@pytest.mark.parametrize(
    ("told", "message"),
    [("kind", "neither FIELD=VALUE"), ("=x", "neither FIELD=VALUE"), ('{"a": ', "is no JSON")],
)
def test_what_is_neither_is_refused(told: str, message: str) -> None:
    with pytest.raises(RequestError, match=message) as raised:
        parse_filter(told)
    assert "\n" not in str(raised.value)
