from collections.abc import Iterator
from typing import Any

import pytest

from tests.schema import CORRECTIONS, Correction, check

MATCH = {"match": {"my_field": {"query": "my_text", "operator": "and"}}}
LEXICAL = {"standard": {"query": MATCH}}
VECTOR = {"query_vector": [0.6, 0.8]}
TEXT = {"query_vector_builder": {"text_embedding": {"model_id": "my_id", "model_text": "my_text"}}}
NEAREST = {"field": "my_field", "k": 9, "num_candidates": 99, "rescore_vector": {"oversample": 2}}
MAX_SIM = {
    "script_score": {
        "query": {"exists": {"field": "my_field"}},
        "script": {"source": "my_script", "params": {"my_query": [[1, 0]]}},
    }
}
ENDPOINT = {
    "secret_parameters": {"my_key": "my_secret"},
    "url": "my_url",
    "headers": {"my_header": "my_value"},
    "request": "my_template",
    "response": {"json_parser": {"my_part": "my_path"}},
    "similarity": "dot_product",
    "batch_size": 32,
    "rate_limit": {"requests_per_minute": 6000},
}
TEMPLATE = {
    "mappings": {
        "dynamic": "strict",
        "_source": {"excludes": ["my_field"]},
        "_meta": {"my_profile": 1},
        "properties": {
            "my_dense": {
                "type": "dense_vector",
                "dims": 8,
                "element_type": "bfloat16",
                "similarity": "dot_product",
                "index_options": {"type": "bbq_hnsw", "m": 16, "rescore_vector": {"oversample": 2}},
            },
            "my_vectors": {"type": "rank_vectors", "dims": 8, "element_type": "bit"},
            "my_text": {"type": "text", "fields": {"my_raw": {"type": "keyword", "norms": True}}},
            "my_packed": {"type": "binary", "doc_values": True},
            "my_object": {"properties": {"my_number": {"type": "long"}}},
        },
    },
}

# Valid bodies. What anyone may name at will begins with my_; every other word is Elasticsearch's.
VALID: list[tuple[str, Any]] = [
    ("cluster.put_component_template", {"version": 1, "template": TEMPLATE}),
    (
        "indices.put_index_template",
        {"index_patterns": ["my_*"], "composed_of": ["my_part"], "priority": 1},
    ),
    ("indices.create", {"aliases": {"my_alias": {"is_write_index": True}}}),
    ("indices.update_aliases", {"actions": [{"add": {"index": "my_index", "alias": "my_alias"}}]}),
    ("cluster.put_settings", {"persistent": {"my_setting": 1}}),
    (
        "ingest.put_pipeline",
        {
            "processors": [
                {"set": {"field": "my_field", "value": "my_value", "if": "my_condition"}},
                {
                    "inference": {
                        "model_id": "my_id",
                        "input_output": [{"input_field": "my_in", "output_field": "my_out"}],
                        "on_failure": [{"remove": {"field": "my_field", "ignore_missing": True}}],
                    }
                },
            ]
        },
    ),
    ("ingest.simulate", {"docs": [{"_source": {"my_field": 1}}], "pipeline": {"processors": []}}),
    ("inference.put_custom", {"service": "custom", "service_settings": ENDPOINT}),
    (
        "inference.put_jinaai",
        {
            "service": "jinaai",
            "service_settings": {"api_key": "my_key", "model_id": "my_model", "dimensions": 1024},
            "task_settings": {"late_chunking": True},
        },
    ),
    ("put_script", {"script": {"lang": "my_language", "source": {"query": MATCH}}}),
    ("msearch", [{"index": "my_index"}, {"query": {"ids": {"values": ["my_id"]}}, "size": 1}]),
    (
        "search",
        {
            "query": {"bool": {"must": [MAX_SIM], "filter": {"term": {"my_field": "my_value"}}}},
            "knn": {**NEAREST, **VECTOR, "filter": [{"range": {"my_field": {"gte": 1}}}]},
            "rescore": {
                "window_size": 9,
                "query": {
                    "query_weight": 0,
                    "rescore_query_weight": 1,
                    "rescore_query": MAX_SIM,
                    "score_mode": "total",
                },
            },
            "collapse": {"field": "my_field", "inner_hits": {"name": "my_hits", "size": 3}},
            "highlight": {"fields": {"my_field": {"fragment_size": 9}}, "order": "score"},
            "docvalue_fields": [{"field": "my_field", "format": "my_format"}, "my_field"],
            "_source": {"includes": ["my_field"], "exclude_vectors": False},
            "track_total_hits": False,
        },
    ),
    (
        "search",
        {
            "retriever": {
                "rescorer": {
                    "retriever": {
                        "rrf": {
                            "retrievers": [LEXICAL, {"knn": {**NEAREST, **TEXT}}],
                            "rank_constant": 60,
                            "rank_window_size": 9,
                        }
                    },
                    "rescore": {"window_size": 9, "script": {"script": {"source": "my_script"}}},
                }
            }
        },
    ),
    (
        "search",
        {
            "retriever": {
                "text_similarity_reranker": {
                    "retriever": {
                        "linear": {
                            "retrievers": [
                                {"retriever": LEXICAL, "weight": 2, "normalizer": "minmax"}
                            ]
                        }
                    },
                    "field": "my_field",
                    "inference_id": "my_id",
                    "inference_text": "my_text",
                    "rank_window_size": 9,
                }
            }
        },
    ),
]


def misspelled(value: Any) -> Iterator[Any]:
    """Yield copies of a body, each with one of Elasticsearch's words misspelled."""
    match value:
        case dict():
            for key, inner in value.items():
                if not key.startswith("my_"):
                    yield {name + "z" * (name == key): value[name] for name in value}
                yield from ({**value, key: wrong} for wrong in misspelled(inner))
        case list():
            for place, inner in enumerate(value):
                for wrong in misspelled(inner):
                    yield [*value[:place], wrong, *value[place + 1 :]]
        case str() if not value.startswith("my_"):
            yield f"{value}z"


@pytest.mark.parametrize(("request_name", "body"), VALID)
def test_a_misspelled_word_is_found_wherever_it_is(request_name: str, body: Any) -> None:
    assert check(request_name, body) == []
    wrongs = list(misspelled(body))
    assert wrongs
    assert [wrong for wrong in wrongs if not check(request_name, wrong)] == []


@pytest.mark.parametrize(
    ("request_name", "body", "message"),
    [
        (
            "indices.create",
            {"mappings": {"properties": {"v": {"type": "dense_vector", "dimz": 8}}}},
            "$.mappings.properties.v: Additional properties are not allowed ('dimz' was",
        ),
        ("search", {"size": "3"}, "$.size: '3' is not of type 'integer'"),
        ("search", {"knn": {}}, "$.knn: 'field' is a required property"),
        ("search", {"query": {}}, "$.query: {} should be non-empty"),
        (
            "search",
            {"rescore": {"windowsize": 9, "query": {"rescore_query": {"match_all": {}}}}},
            "$.rescore: Additional properties are not allowed ('windowsize' was unexpected)",
        ),
        (
            "ingest.put_pipeline",
            {"processors": [{"sett": {"field": "a"}}]},
            "$.processors[0]: Additional properties are not allowed ('sett' was unexpected)",
        ),
        (
            "search",
            {"retriever": {"rff": {}}},
            "$.retriever: Additional properties are not allowed ('rff' was unexpected)",
        ),
        (
            "search",
            {"rescore": {"window_size": 9}},
            "$.rescore: {'window_size': 9} is not valid under any of the given schemas",
        ),
        (
            "search",
            {"query": {"ids": {}, "match_all": {}}},
            "$.query: {'ids': {}, 'match_all': {}} has too many properties",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    request_name: str, body: dict[str, Any], message: str
) -> None:
    (found,) = check(request_name, body)
    assert found.startswith(message)


@pytest.mark.parametrize("correction", CORRECTIONS, ids=lambda each: each.reason)
def test_a_correction_is_needed_and_enough(correction: Correction) -> None:
    """One that a newer specification makes needless has to go."""
    assert check(correction.request, correction.example, as_published=True) != []
    assert check(correction.request, correction.example) == []
