"""What a server of es_jina has beside the hosted API: its models, and both vectors at once."""

from typing import Any

from es_jina.testing.schema import SchemaError
from es_jina.testing.vectors import MODELS, MULTI_DIMS

MODELS_PATH = "/v1/models"
EXTENSION = "return_embedding"

_NAME = "jina-embeddings-v4"


def models_told() -> dict[str, Any]:
    """Return the list of models; the revision is that of no real weights."""
    about = {
        "one_pass": True,
        "name": f"jinaai/{_NAME}",
        "revision": "stub",
        "dims": [128, 256, 512, 1024, MODELS[_NAME].dims],
        "multi_dims": MULTI_DIMS,
        "max_pixels": 602_112,
    }
    model = {"id": _NAME, "object": "model", "owned_by": "jinaai", "created": 0, "es_jina": about}
    return {"object": "list", "data": [model]}


def without_extension(body: Any) -> Any:
    """Return a body without the field that the published schema does not know.

    Raises:
        SchemaError: it is neither true nor false.
    """
    if not isinstance(body, dict):
        return body
    given = body.get(EXTENSION, True)
    if not isinstance(given, bool):
        raise SchemaError([EXTENSION], "Input should be a valid boolean", given)
    return {name: value for name, value in body.items() if name != EXTENSION}
