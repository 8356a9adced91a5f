"""Filters as people type them."""

from typing import Any

import orjson

from es_jina.errors import RequestError

Filter = dict[str, Any]


def parse_filter(told: str) -> Filter:
    """Read one filter: ``FIELD=VALUE``, or a query of Elasticsearch's in JSON.

    Returns:
        A query for the filter context, such as ``{"term": {"kind": "page"}}``.

    Raises:
        RequestError: it is neither.
    """
    if told.lstrip().startswith("{"):
        try:
            query: Filter = orjson.loads(told)
        except orjson.JSONDecodeError as error:
            raise RequestError(f"the filter {told!r} is no JSON: {error}") from error
        if not query:
            raise RequestError(f"the filter {told!r} is empty: write a query of Elasticsearch's")
        return query
    field, mark, value = told.partition("=")
    if not (field.strip() and mark):
        raise RequestError(
            f"the filter {told!r} is neither FIELD=VALUE, such as kind=page, nor a query in JSON"
        )
    return {"term": {field.strip(): value}}
