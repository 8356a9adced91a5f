"""GET /v1/models: what is served, and what this server can do beyond the hosted API."""

from typing import Any

from es_jina.providers.base import LICENCE, ModelInfo
from es_jina.server.refused import MODEL_NOT_FOUND, RefusedError
from es_jina.server.wire.names import model_id, task_of_model

# The day on which jina-embeddings-v4 was released: 2025-06-24.
_RELEASED = 1_750_723_200
_PRICES = ("prompt", "completion", "image", "request", "input_cache_read", "input_cache_write")


def list_models(model: ModelInfo) -> dict[str, Any]:
    """Return the list of models: one."""
    return {"object": "list", "data": [_entry(model)]}


def one_model(model: ModelInfo, name: str) -> dict[str, Any]:
    """Return a model by name.

    Raises:
        RefusedError: it is not served.
    """
    try:
        task_of_model(name, model)
    except RefusedError as error:
        raise RefusedError(404, error.detail, MODEL_NOT_FOUND) from None
    return _entry(model)


def _entry(model: ModelInfo) -> dict[str, Any]:
    name = model_id(model)
    return {
        "id": name,
        "object": "model",
        "created": _RELEASED,
        "owned_by": "jinaai",
        "name": f"Jina AI: {name}",
        "description": LICENCE if model.toy is None else model.toy.about,
        "hugging_face_id": model.name,
        "input_modalities": ["text", "image"],
        "output_modalities": ["embeddings"],
        "context_length": 32_768,
        "max_output_length": model.dims[-1],
        "quantization": "",
        "supported_features": [],
        "supported_sampling_parameters": [],
        "pricing": dict.fromkeys(_PRICES, "0"),
        "datacenters": [],
        "es_jina": {
            # Single and multi-vectors in one request: `return_multivector`, `return_embedding`.
            "one_pass": model.multi_dims is not None,
            "name": model.name,
            "revision": model.revision,
            "dims": list(model.dims),
            "multi_dims": model.multi_dims,
            "max_pixels": model.max_pixels,
            **({} if model.toy is None else {"toy": {"about": model.toy.about}}),
        },
    }
