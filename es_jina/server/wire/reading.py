"""Reading a body, and saying what is wrong with it."""

import asyncio
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from es_jina.server.refused import FieldProblem, field_refused, invalid

B = TypeVar("B", bound=BaseModel)

# Bytes of a body that take long enough to hold up other requests.
_LARGE = 256 * 1024
_TOLD = 10  # problems of one body
_SHOWN = 100  # letters of what stood in a field
_LARGEST = 2**53  # whole numbers beyond are none for many readers of JSON, ours among them


async def read_body(model: type[B], body: bytes, tags: Iterable[str] = ()) -> B:
    """Read a JSON body, a large one in a thread.

    Args:
        model: what it must be.
        body: as it came.
        tags: of alternatives in the model, which are no fields of the body.

    Raises:
        RefusedError: it is no JSON, or not as it must be.
    """
    if len(body) > _LARGE:
        return await asyncio.to_thread(_read, model, body, tags)
    return _read(model, body, tags)


def check_number(field: str, given: int, most: int) -> None:
    """Check how many inputs a body has, before anything is done for them.

    Args:
        field: that has them.
        given: how many.
        most: how many it may have.

    Raises:
        RefusedError: there are none, or too many.
    """
    if not given:
        raise field_refused(field, "an empty list: send at least one input")
    if given > most:
        # As the hosted API says it; clients, ours among them, read the number.
        told = f"Each input list can contain at most {most} items; this has {given}"
        raise field_refused(field, told)


def _read(model: type[B], body: bytes, tags: Iterable[str]) -> B:
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
