"""Holds request bodies against what Elasticsearch's own API specification says it takes.

Index settings are open there, because plugins add some: only a real node finds a wrong name.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

Schema = dict[str, Any]

SCHEMA = Path(__file__).parent / "data" / "elasticsearch-schema.json"


@dataclass(frozen=True)
class Correction:
    """Something in which the published specification lags behind Elasticsearch.

    Attributes:
        reason: what Elasticsearch really takes, and where that is known from.
        changes: the new value by its place below ``$defs``; a last ``-`` appends to a list.
        request: of the example.
        example: a body that Elasticsearch takes and the published specification refuses.
    """

    reason: str
    changes: dict[tuple[str, ...], Any]
    request: str
    example: dict[str, Any]


def _property(field: dict[str, Any]) -> dict[str, Any]:
    return {"mappings": {"properties": {"field": field}}}


def _custom(**settings: Any) -> dict[str, Any]:
    least: dict[str, Any] = {"secret_parameters": {}, "response": {"json_parser": {}}}
    return {"service": "custom", "service_settings": least | settings}


CORRECTIONS = (
    Correction(
        "rank_vectors take bfloat16 (elastic/elasticsearch#139463, and run on 9.5.0)",
        {("_types.mapping.RankVectorElementType", "enum", "-"): "bfloat16"},
        "indices.create",
        _property({"type": "rank_vectors", "element_type": "bfloat16"}),
    ),
    Correction(
        "a query vector may be base64 or hex (elastic/elasticsearch#140796, and run on 9.5.0)",
        {("_types.QueryVector", "type"): ["array", "string"]},
        "search",
        {"knn": {"field": "field", "query_vector": "P4AAAA=="}},
    ),
    Correction(
        "the request of a custom service is a string, and never the object of the specification, "
        "whose own examples are strings (elastic/elasticsearch#127939)",
        {("inference._types.CustomRequestParams",): {"type": "string"}},
        "inference.put_custom",
        _custom(request='{"input": ${input}}'),
    ),
    Correction(
        "a custom service has these settings, as most have (its CustomServiceSettings.java)",
        {
            ("inference._types.CustomServiceSettings", "properties", name): value
            for name, value in {
                "dimensions": {"type": "integer"},
                "rate_limit": {"$ref": "#/$defs/inference._types.RateLimitSetting"},
                "similarity": {"enum": ["cosine", "dot_product", "l2_norm"]},
            }.items()
        },
        "inference.put_custom",
        _custom(
            request="{}",
            dimensions=8,
            rate_limit={"requests_per_minute": 6000},
            similarity="dot_product",
        ),
    ),
    Correction(
        "a number of a stored template is a text until it is rendered, as in Elasticsearch's own "
        'example, "size": "{{size}}" (its search-templates.md)',
        {
            ("_global.search._types.SearchRequestBody", "properties", name): {
                "type": ["integer", "string"]
            }
            for name in ("from", "size")
        },
        "put_script",
        {"script": {"lang": "mustache", "source": {"from": "{{from}}", "size": "{{size}}"}}},
    ),
    Correction(
        "the fields of a highlight may be keys of one object, however many (Elasticsearch's "
        "highlighting.md, and run on 9.5.0)",
        {
            (
                "_global.search._types.Highlight",
                "properties",
                "fields",
                "anyOf",
                "-",
            ): {
                "type": "object",
                "additionalProperties": {"$ref": "#/$defs/_global.search._types.HighlightField"},
            }
        },
        "search",
        {"highlight": {"fields": {"title": {}, "text": {}}}},
    ),
    Correction(
        "the field type semantic is there since 9.5 (Elasticsearch's semantic-field-reference.md)",
        {
            ("_types.mapping.Property", "properties", "type", "enum", "-"): "semantic",
            ("_types.mapping.Property", "allOf", "-"): {
                "if": {"properties": {"type": {"const": "semantic"}}, "required": ["type"]},
                "then": {
                    "properties": {
                        "type": {},
                        "inference_id": {"type": "string"},
                        "search_inference_id": {"type": "string"},
                        "index_options": {
                            "$ref": "#/$defs/_types.mapping.SemanticTextIndexOptions"
                        },
                    },
                    "required": ["inference_id"],
                    "additionalProperties": False,
                },
            },
        },
        "indices.create",
        _property({"type": "semantic", "inference_id": "jina"}),
    ),
)


def check(request: str, body: object, *, as_published: bool = False) -> list[str]:
    """Return what is wrong with a request body, nothing if it is valid.

    Args:
        request: its name in the specification, such as ``indices.create``.
        body: what the client would be given; of requests with lines of JSON, the list of them.
        as_published: without our corrections.

    Raises:
        KeyError: the schema at hand lacks the request: add it to tests/make_schema.py.
    """
    # As it travels: an array of NumPy's is a list there.
    sent = orjson.loads(orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY))
    found = map(_deepest, _validator(request, as_published).iter_errors(sent))
    return [f"{error.json_path}: {error.message}" for error in found]


def _deepest(error: Any) -> Any:
    """Of an error in one of several alternatives, the one of the alternative that fits best."""
    return best_match([error])


@cache
def _validator(request: str, as_published: bool) -> Any:
    schema = orjson.loads(SCHEMA.read_bytes())
    if not as_published:
        for correction in CORRECTIONS:
            for place, value in correction.changes.items():
                _change(schema["$defs"], place, value)
    return Draft202012Validator(schema["requests"][request] | {"$defs": schema["$defs"]})


def _change(where: Any, place: tuple[str, ...], value: Any) -> None:
    *parents, last = place
    for name in parents:
        where = where[name]
    if last == "-":
        where.append(value)
    else:
        where[last] = value
