"""What counts as the same template."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.elastic.digest import difference, digest, flatten

SCALARS = st.integers() | st.booleans() | st.text("abc1", min_size=1) | st.none()
NAMES = st.sampled_from(["number_of_shards", "refresh_interval", "codec", "mapping.depth.limit"])
TITLE = {"properties": {"title": {"type": "text"}}}


@given(st.dictionaries(NAMES, SCALARS, min_size=1))
def test_settings_are_the_same_as_elasticsearch_writes_them(settings: dict[str, Any]) -> None:
    """Below ``index``, nested, and as text."""
    nested: dict[str, Any] = {}
    for name, value in settings.items():
        *parents, last = name.split(".")
        at = nested
        for parent in parents:
            at = at.setdefault(parent, {})
        at[last] = str(value).lower() if isinstance(value, bool) else value
        if isinstance(value, int) and not isinstance(value, bool):
            at[last] = str(value)
    stored = {"template": {"settings": {"index": nested}, "mappings": {}}}
    for put in (settings, {f"index.{name}": value for name, value in settings.items()}):
        assert digest({"template": {"settings": put}}) == digest(stored)


@pytest.mark.parametrize(
    "other",
    [
        {"template": {"mappings": {"properties": {"title": {"type": "keyword"}}}}},
        {"template": {"mappings": {"properties": {"name": {"type": "text"}}}}},
        {"template": {"mappings": TITLE, "settings": {"codec": "best_compression"}}},
        {"template": {"mappings": TITLE}, "composed_of": ["a"]},
        {"template": {"mappings": TITLE}, "index_patterns": ["a-*"]},
        {"template": {"mappings": TITLE}, "priority": 1},
        {"template": {"mappings": TITLE}, "processors": [{"trim": {"field": "title"}}]},
        {"template": {"mappings": TITLE}, "allow_auto_create": False},
        {"template": {"mappings": TITLE}, "data_stream": {"hidden": False}},
        {"template": {"mappings": TITLE}, "ignore_missing_component_templates": ["a"]},
        {"template": {"mappings": TITLE}, "deprecated": True},
        {"template": {"mappings": TITLE}, "_meta": {"team": "search"}},
        {"template": {"mappings": {**TITLE, "_meta": {"team": "search"}}}},
    ],
)
def test_another_content_has_another_digest(other: dict[str, Any]) -> None:
    assert digest(other) != digest({"template": {"mappings": TITLE}})


def test_what_is_about_a_template_does_not_count() -> None:
    ours = {"managed_by": "es_jina", "description": "x", "digest": "ab"}
    told = {"version": 9, "_meta": ours, "description": "x", "created_date_millis": 5}
    assert digest({"template": {"mappings": TITLE}, **told}) == digest(
        {"template": {"mappings": TITLE}}
    )


def test_the_order_counts_where_elasticsearch_goes_by_it() -> None:
    assert digest({"composed_of": ["a", "b"]}) != digest({"composed_of": ["b", "a"]})


def test_paths() -> None:
    body = {
        "template": {
            "settings": {"number_of_shards": 1},
            "mappings": {"dynamic": False, "properties": {"a": {"null_value": None}}},
        },
        "composed_of": ["x"],
    }
    assert flatten(body) == {
        "template.settings.index.number_of_shards": "1",
        "template.mappings.dynamic": "false",
        "template.mappings.properties.a.null_value": "null",
        "composed_of.0": "x",
    }


def test_a_difference_is_told_by_path_what_is_there_first() -> None:
    stored = {"template": {"settings": {"codec": "default"}, "mappings": TITLE}, "priority": 1}
    wanted = {"template": {"settings": {"index": {"codec": "best"}}}, "priority": "1"}
    assert difference(stored, wanted) == [
        "- template.mappings.properties.title.type = text",
        "- template.settings.index.codec = default",
        "+ template.settings.index.codec = best",
    ]
    assert difference(wanted, wanted) == []
