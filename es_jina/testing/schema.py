"""The published schema of the hosted API: what it takes, what it answers."""

from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

REQUESTS = {
    "jina-embeddings-v4": "EmbeddingsV4Request",
    "jina-embeddings-v3": "EmbeddingsV3Request",
    "jina-clip-v2": "ClipV2Request",
    "jina-reranker-m0": "RerankerM0Request",
}
_ANSWERS = {
    "data": "EmbeddingResponse",
    "results": "RerankingResponse",
    "errors": "HTTPValidationError",
}


class SchemaError(ValueError):
    """A body that the schema does not allow.

    Attributes:
        place: of the fault: names and positions, outermost first.
        reason: what is wrong there.
        given: the value there.
    """

    def __init__(self, place: list[str | int], reason: str, given: Any) -> None:
        super().__init__(f"{'.'.join(map(str, ['body', *place]))}: {reason}")
        self.place = place
        self.reason = reason
        self.given = given


def check_request(body: Any, *, strict: bool = True) -> None:
    """Hold a request body against the schema of the model that it names.

    Args:
        body: as decoded from JSON.
        strict: refuse fields that the schema does not name. It does not forbid them, but each is a
            typing error or has no effect.

    Raises:
        SchemaError: it is not allowed, or the model is none of :data:`REQUESTS`.
    """
    model = body.get("model") if isinstance(body, dict) else None
    if not isinstance(model, str) or model not in REQUESTS:
        raise SchemaError(["model"], f"must be one of {', '.join(REQUESTS)}", model)
    validator = _validator(REQUESTS[model], strict)
    # All items of one form are right or wrong together: it is types that the schema asks for.
    if not validator.is_valid(_without_repeats(body)):
        _check(validator, body)


def check_reply(reply: Any) -> None:
    """Hold an answer against the published schema: a success or an error of the flat form.

    Raises:
        SchemaError: it is not what the schema says.
    """
    kinds = [kind for key, kind in _ANSWERS.items() if isinstance(reply, dict) and key in reply]
    _check(_validator((*kinds, "ErrorResponse")[0], strict=False), reply)


def _check(validator: Draft202012Validator, value: Any) -> None:
    error: ValidationError | None = best_match(validator.iter_errors(value))
    if error is not None:
        raise SchemaError([*error.absolute_path], error.message, error.instance)


def _without_repeats(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body that has one item of each form."""
    lists = {key: body[key] for key in ("input", "documents") if isinstance(body.get(key), list)}
    return body | {key: [*{_form(item): item for item in lists[key]}.values()] for key in lists}


def _form(item: Any) -> object:
    if isinstance(item, dict):
        return tuple((key, type(value)) for key, value in item.items())
    return type(item)


@cache
def _validator(name: str, strict: bool) -> Draft202012Validator:
    definitions = _definitions(strict)
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": definitions})


@cache
def _definitions(strict: bool) -> dict[str, Any]:
    schema = orjson.loads((files("es_jina.testing") / "schema.json").read_bytes())
    definitions: dict[str, Any] = schema["$defs"]
    if strict:
        for name, definition in definitions.items():
            if name.endswith(("Request", "Doc")):
                definition["additionalProperties"] = False
    return definitions
