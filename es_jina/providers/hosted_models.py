"""The models that the hosted API runs, as far as a user of Elasticsearch needs them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from es_jina.errors import RequestError
from es_jina.inputs import Task
from es_jina.providers.base import V4, ModelInfo

# The API's own names of v4's tasks; the other models lack some.
_ALL: Mapping[Task, str | None] = {task: task.value for task in Task}


@dataclass(frozen=True, slots=True)
class HostedModel:
    """A model of the hosted API.

    Attributes:
        info: what is known of it, whoever runs it.
        tasks: what is sent for each task that it has; ``None`` where the field is left out.
        images: whether it embeds them.
        late_chunking: whether it does.
        longest: the tokens of a text that the model itself reads.
        tile: the side in pixels of what is billed as one tile of an image.
        billed_per_tile: the tokens that it is billed as.
    """

    info: ModelInfo
    tasks: Mapping[Task, str | None]
    images: bool
    late_chunking: bool
    longest: int
    tile: int
    billed_per_tile: int

    def check_task(self, task: Task) -> None:
        """Refuse a task that the model lacks.

        Raises:
            RequestError: naming those that it has.
        """
        if task not in self.tasks:
            known = ", ".join(self.tasks)
            raise RequestError(f"{self.info.name} has no task {task.value}: choose from {known}")

    def tiles(self, width: int, height: int) -> int:
        """Return the tiles of an image."""
        return math.ceil(width / self.tile) * math.ceil(height / self.tile)


_V4 = HostedModel(V4, _ALL, True, True, 32_768, 28, 10)
_V3 = HostedModel(
    ModelInfo(
        name="jinaai/jina-embeddings-v3",
        revision=None,
        dims=(32, 64, 128, 256, 512, 768, 1024),
        multi_dims=None,
        max_pixels=V4.max_pixels,
    ),
    {task: name for task, name in _ALL.items() if task.adapter != "code"},
    images=False,
    late_chunking=True,
    longest=8192,
    tile=28,
    billed_per_tile=0,
)
_CLIP_V2 = HostedModel(
    ModelInfo(
        name="jinaai/jina-clip-v2",
        revision=None,
        dims=(64, 128, 256, 512, 768, 1024),
        multi_dims=None,
        max_pixels=512 * 512,
    ),
    # Documents go without a task: retrieval.query is the only one that it has.
    {Task.RETRIEVAL_QUERY: "retrieval.query", Task.RETRIEVAL_PASSAGE: None},
    images=True,
    late_chunking=False,
    longest=8192,
    tile=512,
    billed_per_tile=4000,
)
HOSTED_MODELS = {model.info.name.partition("/")[2]: model for model in (_V4, _V3, _CLIP_V2)}


def is_hosted_only(name: str) -> bool:
    """Whether the hosted API alone runs a model: that is so for all but jina-embeddings-v4."""
    short = name.removeprefix("jinaai/")
    return short in HOSTED_MODELS and HOSTED_MODELS[short] is not _V4


def hosted_model(name: str | None, *, server: bool = False) -> HostedModel:
    """Return what is known of a model.

    Args:
        name: with or without ``jinaai/``; jina-embeddings-v4 by default.
        server: whether a server of its own runs it, which may know it by any name: one that is not
            known here is taken for jina-embeddings-v4.

    Raises:
        RequestError: the hosted API runs no such model, or it is not for Elasticsearch.
    """
    short = "jina-embeddings-v4" if name is None else name.removeprefix("jinaai/")
    if short in HOSTED_MODELS:
        return HOSTED_MODELS[short]
    if server:
        return _V4
    raise RequestError(
        f"the hosted API does not run {name!r}: choose from {', '.join(HOSTED_MODELS)}, use "
        "--provider local, or name a server that runs it with --server"
    )
