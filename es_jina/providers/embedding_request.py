"""The bodies of embedding requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from es_jina.inputs import Task
from es_jina.providers.base import Want
from es_jina.providers.encodings import EmbeddingType
from es_jina.providers.hosted_models import HostedModel
from es_jina.providers.payload import Item
from es_jina.providers.replies import Expected

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EmbeddingRequest:
    """What all requests of one call have in common.

    Attributes:
        model: that embeds.
        name: what the service knows it by.
        task: of all inputs.
        embedding_type: the form of the vectors that come back.
        dimensions: of single vectors; ``None`` for the full size.
        truncate: whether the end of a text that is too long is cut off.
        late_chunking: whether the inputs are read as one text.
    """

    model: HostedModel
    name: str
    task: Task
    embedding_type: EmbeddingType
    dimensions: int | None = None
    truncate: bool = False
    late_chunking: bool = False

    def body(self, batch: Sequence[Item], want: Want) -> Body:
        """Return the JSON body for a batch; what is the API's default is left out.

        Args:
            batch: the inputs.
            want: one kind of vectors; both, where the service gives them in one answer.
        """
        multi, single = Want.MULTI in want, Want.SINGLE in want
        options: dict[str, Any] = {
            "task": self.model.tasks[self.task],
            # The API refuses dimensions for multi-vectors, which have one size.
            "dimensions": self.dimensions if single else None,
            "return_multivector": multi or None,
            "return_embedding": (multi and single) or None,
            "late_chunking": self.late_chunking or None,
            "truncate": self.truncate or None,
            "embedding_type": None if self.embedding_type == "float" else self.embedding_type,
        }
        said = {name: value for name, value in options.items() if value is not None}
        return {"model": self.name, **said, "input": [item.wire for item in batch]}

    def expected(self, batch: Sequence[Item], *, multi: bool) -> Expected:
        """Return what the answer must hold of one kind of vectors."""
        info = self.model.info
        single = self.dimensions or info.dims[-1]
        dims = info.multi_dims if multi and info.multi_dims else single
        return Expected(len(batch), dims, multi, self.embedding_type)
