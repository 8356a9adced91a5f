"""Reading a body, and saying what is wrong with it."""

from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from es_jina.server.refused import FieldProblem, invalid

B = TypeVar("B", bound=BaseModel)

_TOLD = 10  # problems of one body
_SHOWN = 100  # letters of what stood in a field
_LARGEST = 2**53  # whole numbers beyond are none for many readers of JSON, ours among them


def read_body(model: type[B], body: bytes, tags: Iterable[str] = ()) -> B:
    """Read a JSON body.

    Args:
        model: what it must be.
        body: as it came.
        tags: of alternatives in the model, which are no fields of the body.

    Raises:
        RefusedError: it is no JSON, or not as it must be.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        hidden = set(tags)
        # Neither is of use to a client: pydantic's own pages, and objects of Python's.
        found = error.errors(include_url=False, include_context=False)
        raise invalid([_problem(each, hidden) for each in found[:_TOLD]]) from None


def _problem(error: Any, hidden: set[str]) -> FieldProblem:
    way = [str(step) for step in error["loc"] if step not in hidden]
    message = error["msg"].removeprefix("Value error, ")
    return FieldProblem(" -> ".join(way), message, error["type"], _short(error["input"]))


def _short(value: Any) -> Any:
    """Return what stood in a field, if that is short."""
    match value:
        case str():
            return value if len(value) <= _SHOWN else None
        case int():
            return value if abs(value) <= _LARGEST else None
        case float():
            return value
    return None
