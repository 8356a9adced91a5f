"""What an index hands down."""

from typing import Any

import pytest

from es_jina.elastic.successor import successor_settings, with_source
from es_jina.profile import Store


def test_what_elasticsearch_says_is_left_out() -> None:
    kept = {"index.number_of_shards": "3", "index.lifecycle.name": "p", "index.blocking": "1"}
    said = {
        "index.uuid": "x",
        "index.creation_date": "1",
        "index.provided_name": "a",
        "index.version.created": "9",
        "index.blocks.write": "true",
        "index.history.uuid": "x",
        "index.resize.source.name": "a",
        "index.routing.allocation.initial_recovery._id": "n",
        "index.verified_before_close": "true",
    }
    assert successor_settings({**kept, **said}) == kept


@pytest.mark.parametrize(
    ("source", "store", "fitted"),
    [
        (None, "binary", {"excludes": ["multi_vector"]}),
        (None, "rank_vectors", None),
        ({"excludes": ["a"]}, "binary", {"excludes": ["a", "multi_vector"]}),
        ({"excludes": "a"}, "binary", {"excludes": ["a", "multi_vector"]}),
        ({"excludes": ["a", "multi_vector"]}, "rank_vectors", {"excludes": ["a"]}),
        ({"excludes": "multi_vector"}, "rank_vectors", None),
        ({"includes": ["a"], "excludes": ["multi_vector"]}, "rank_vectors", {"includes": ["a"]}),
    ],
)
def test_multi_vectors_are_left_out_of_the_source_where_they_are_packed(
    source: dict[str, Any] | None, store: Store, fitted: dict[str, Any] | None
) -> None:
    rest = {"dynamic": False}
    told = rest if source is None else {**rest, "_source": source}
    wanted = rest if fitted is None else {**rest, "_source": fitted}
    assert with_source(told, store) == wanted
