"""What clients call the model, and the task that they name with it."""

from typing import get_args

from es_jina.inputs import Task
from es_jina.providers.base import MODEL_ID, ModelInfo
from es_jina.server.refused import INVALID, MODEL_NOT_FOUND, RefusedError
from es_jina.server.wire.bodies import TaskName

_PUBLISHER = "jinaai/"
_SHOWN = 60  # letters of a name


def model_id(model: ModelInfo) -> str:
    """Return what to send as ``model``: the hosted API's name; a folder is taken for v4."""
    name = model.name if model.name.startswith(_PUBLISHER) else MODEL_ID
    return name.removeprefix(_PUBLISHER)


def task_of_model(name: str, model: ModelInfo) -> Task | None:
    """Return the task that a model's name ends with, as in ``jina-embeddings-v4:retrieval.query``.

    Raises:
        RefusedError: it is not the model that is served.
    """
    alone, colon, task = name.rpartition(":")
    if colon and task in get_args(TaskName):
        name = alone
    if name not in {model_id(model), _PUBLISHER + model_id(model), model.name}:
        raise RefusedError(
            400,
            f"the model {name[:_SHOWN]!r} is not served here: use {model_id(model)}",
            MODEL_NOT_FOUND,
        )
    return Task(task) if colon and name == alone else None


def name_reranker(name: str | None, model: ModelInfo) -> str:
    """Return what a reranker is called in the answer: it is the model that embeds.

    Clients of the hosted API name its rerankers, which are taken for what is served here.

    Raises:
        RefusedError: another model is asked for.
    """
    if name is not None and not name.removeprefix(_PUBLISHER).startswith("jina-reranker-"):
        task_of_model(name, model)
    return model_id(model)


def task_of_address(name: str | None) -> Task | None:
    """Return the task of a path or a query string.

    Raises:
        RefusedError: there is no such task.
    """
    if name is None:
        return None
    if name not in get_args(TaskName):
        known = ", ".join(get_args(TaskName))
        told = f"no task {name[:_SHOWN]!r}, which the address names: choose from {known}"
        raise RefusedError(422, told, INVALID)
    return Task(name)
