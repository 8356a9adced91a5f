"""The ingest pipeline for text that is indexed through Elasticsearch, fitted to a profile."""

from copy import deepcopy
from typing import Any

from es_jina.profile import IndexProfile

# What the shipped pipeline is for when put by hand.
_SHIPPED_INDEX = "es-jina"


def passage_name(index: str) -> str:
    """Return the name of an index's pipeline, and of the inference endpoint that it asks."""
    return f"{index}-passage"


def fit_pipeline(shipped: dict[str, Any], index: str, profile: IndexProfile) -> dict[str, Any]:
    """Return the shipped pipeline for another index, with all the dense fields of its profile.

    Its script writes every element type: what it does with a number is what
    :func:`es_jina.elastic.vectors.dense_value` does.
    """
    pipeline = deepcopy(shipped)
    pipeline["description"] = shipped["description"].replace(_SHIPPED_INDEX, index)
    parts = _tagged(pipeline)
    finest = profile.finest.field
    fields = [dense.field for dense in profile.dense]
    parts["forget"]["field"] = ["ingest_error", "profile", *fields]
    parts["forget-partly"]["field"] = fields
    parts["embed"]["model_id"] = passage_name(index)
    parts["embed"]["input_output"] = [{"input_field": "text", "output_field": finest}]
    parts["fill"]["params"] = {
        "from": finest,
        "fields": [
            {
                "field": dense.field,
                "dims": dense.dims,
                "element_type": dense.element_type,
                "similarity": dense.similarity,
            }
            for dense in profile.dense
        ],
    }
    parts["sign"]["value"] = profile.fingerprint
    return pipeline


def processor_types(pipeline: dict[str, Any]) -> set[str]:
    """Return the types of processors that a cluster must have for a pipeline."""
    return {kind for each in _processors(pipeline) for kind in each}


def _processors(pipeline: dict[str, Any]) -> list[dict[str, dict[str, Any]]]:
    return [*pipeline["processors"], *pipeline["on_failure"]]


def _tagged(pipeline: dict[str, Any]) -> dict[str, dict[str, Any]]:
    parts = (part for each in _processors(pipeline) for part in each.values())
    return {part["tag"]: part for part in parts if "tag" in part}
