"""What a server with the hosted API's format tells of the model that it runs."""

from dataclasses import dataclass
from typing import Any

from es_jina.errors import ProviderError, RequestError
from es_jina.providers.base import MODEL_ID, ModelInfo
from es_jina.providers.patience import Patience
from es_jina.providers.service import Service
from es_jina.providers.toy import Toy

ROUTE = "/v1/models"


@dataclass(frozen=True, slots=True)
class Served:
    """A model, by the server's own word.

    Attributes:
        id: what requests name it by.
        info: what it is.
        one_pass: whether one request may ask for single vectors and multi-vectors.
    """

    id: str
    info: ModelInfo
    one_pass: bool


async def ask_served(service: Service, name: str) -> Served | None:
    """Ask a server what it runs.

    Args:
        service: the server.
        name: of the model, without ``jinaai/``; jina-embeddings-v4 stands for whatever it runs.

    Returns:
        ``None`` where it does not tell: other servers have no such route, or say less.

    Raises:
        ProviderError: it cannot be reached, stays busy, refuses the key, or tells what cannot be.
        RequestError: it tells, and runs no such model.
    """
    reply = await service.client.get(ROUTE, Patience(service.patience, alone=True))
    host = service.client.host
    try:
        found = _served(reply)
    except (KeyError, TypeError, ValueError) as error:
        raise ProviderError(
            f"{host} told of its model what cannot be read ({ROUTE}: {error!r}); check that it "
            "is of the same version as this es-jina",
            passing=False,
        ) from error
    for each in found:
        if name in (each.id, each.info.name.removeprefix("jinaai/")):
            return each
    if found and name != MODEL_ID.removeprefix("jinaai/"):
        names = ", ".join(each.id for each in found)
        raise RequestError(f"{host} does not run {name!r}: choose from {names}, or name no model")
    return found[0] if found else None


def _served(reply: Any) -> list[Served]:
    """Return the models of which an answer tells in our words.

    Raises:
        KeyError, TypeError, ValueError: not as we would.
    """
    listed = reply.get("data") if isinstance(reply, dict) else None
    entries = listed if isinstance(listed, list) else []
    ours = [each for each in entries if isinstance(each, dict) and "es_jina" in each]
    return [_read(each["id"], each["es_jina"]) for each in ours]


def _read(name: Any, told: Any) -> Served:
    info = ModelInfo(
        name=_of(str, told["name"]),
        revision=None if told["revision"] is None else _of(str, told["revision"]),
        dims=tuple(sorted(_positive(size) for size in _of(list, told["dims"]))),
        multi_dims=None if told["multi_dims"] is None else _positive(told["multi_dims"]),
        max_pixels=_positive(told["max_pixels"]),
        toy=_toy(told.get("toy")),
    )
    if not info.dims:
        raise ValueError("no dims")
    return Served(_of(str, name), info, told.get("one_pass") is True)


def _toy(told: Any) -> Toy | None:
    """Return what a toy says of itself; its words stay at the server, which tells of them."""
    return None if told is None else Toy(_of(str, told["about"]), frozenset())


def _of(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _positive(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"{value!r} is no whole number above 0")
    return value
