"""One call of the hosted reranker: its requests, and the score of each document."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from es_jina.errors import ItemError
from es_jina.providers.batch_call import Body
from es_jina.providers.hosted_models import HostedModel
from es_jina.providers.payload import Item
from es_jina.providers.replies import counted
from es_jina.providers.request_size import TokenScale


@dataclass(frozen=True, slots=True)
class RerankRequest:
    """Asks for scores; see :class:`es_jina.providers.batch_call.BatchRequest`.

    Attributes:
        model: that scores.
        name: what the service knows it by.
        query: that documents are held against.
        truncate: whether the end of a document that is too long is cut off.
    """

    model: HostedModel
    name: str
    query: Item
    truncate: bool

    @property
    def route(self) -> str:
        """Of reranking."""
        return "/v1/rerank"

    @property
    def items_field(self) -> str:
        """What the API calls them."""
        return "documents"

    @property
    def compressed(self) -> bool:
        """Numbers in JSON shrink."""
        return True

    @property
    def together(self) -> bool:
        """Each document is read with the query alone."""
        return False

    def body(self, batch: Sequence[Item]) -> Body:
        """Return the JSON body for a batch; documents are not sent back, that doubles the bytes."""
        wire = self.query.wire
        return {
            "model": self.name,
            # A text query is a plain string.
            "query": wire.get("text", wire),
            **({"truncation": True} if self.truncate else {}),
            "return_documents": False,
            "documents": [item.wire for item in batch],
        }

    def read(self, batch: Sequence[Item], reply: Any) -> tuple[list[float | ItemError], int | None]:
        """Read an answer, which has the documents best first.

        Raises:
            ValueError: it is not what was asked for.
        """
        scores: dict[int, float | ItemError] = {}
        for result in _results(reply):
            index = result.get("index")
            if not (isinstance(index, int) and 0 <= index < len(batch)) or index in scores:
                raise ValueError(f"the index {index!r} is of no document, or comes twice")
            if "relevance_score" not in result:
                raise ValueError("a result without `relevance_score`")
            scores[index] = _score(result["relevance_score"])
        if len(scores) != len(batch):
            raise ValueError(f"{len(scores)} results for {len(batch)} documents")
        return [scores[index] for index in range(len(batch))], counted(reply)


@dataclass(frozen=True, slots=True)
class PairScale:
    """What documents count where each is read with the query.

    Attributes:
        scale: of items alone.
        query: that each document is read with.
    """

    scale: TokenScale
    query: Item

    def tokens(self, item: Item) -> int:
        """Return what a document will count, query included."""
        return self.scale.tokens(self.query) + self.scale.tokens(item)

    def most(self, item: Item) -> int:
        """Return what a document will hardly exceed, query included."""
        return self.scale.most(self.query) + self.scale.most(item)

    def learn(self, batch: Sequence[Item], counted: int) -> None:
        """Learn from what the API counted for a request."""
        self.scale.learn([*batch, *[self.query] * len(batch)], counted)


def _results(reply: Any) -> list[dict[str, Any]]:
    results = reply.get("results") if isinstance(reply, dict) else None
    if not isinstance(results, list):
        raise ValueError("no list `results` in it")
    if not all(isinstance(result, dict) for result in results):
        raise ValueError("an entry of `results` that is no object")
    return results


def _score(value: Any) -> float | ItemError:
    if not isinstance(value, float | int):
        return ItemError("the API sent a score that is no number")
    return float(value) if math.isfinite(value) else ItemError("the API sent no finite score")
