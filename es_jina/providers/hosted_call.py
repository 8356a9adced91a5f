"""One call of the hosted provider: the vectors of its inputs, and what stands for them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from es_jina.embedding import Embedding, Vector
from es_jina.errors import ItemError, UnsentError
from es_jina.providers.base import Want
from es_jina.providers.batch_call import BatchCall
from es_jina.providers.embedding_request import Body, EmbeddingRequest
from es_jina.providers.hosted_models import HostedModel
from es_jina.providers.payload import Item
from es_jina.providers.request_size import RequestSize
from es_jina.providers.service import Service


@dataclass(frozen=True, slots=True)
class Answer:
    """One kind of vector of one input."""

    vector: Vector
    tokens: int


@dataclass(frozen=True, slots=True)
class OneKind:
    """Asks for one kind of vector; see :class:`es_jina.providers.batch_call.BatchRequest`.

    Attributes:
        request: what all requests of the call have in common.
        multi: whether for multi-vectors.
    """

    request: EmbeddingRequest
    multi: bool

    @property
    def route(self) -> str:
        """Of embeddings."""
        return "/v1/embeddings"

    @property
    def items_field(self) -> str:
        """What the API calls them."""
        return "input"

    @property
    def model(self) -> HostedModel:
        """That embeds."""
        return self.request.model

    @property
    def compressed(self) -> bool:
        """Whether it pays: base64 of vectors hardly shrinks."""
        return self.request.embedding_type != "base64"

    @property
    def together(self) -> bool:
        """Late chunking reads the items as one text."""
        return self.request.late_chunking

    def body(self, batch: Sequence[Item]) -> Body:
        """Return the JSON body for a batch."""
        return self.request.body(batch, multi=self.multi)

    def read(
        self, batch: Sequence[Item], reply: Any
    ) -> tuple[list[Answer | ItemError], int | None]:
        """Read an answer.

        Raises:
            KeyError, TypeError, ValueError: it is not what was asked for.
        """
        vectors, counted = self.request.expected(batch, multi=self.multi).read(reply)
        alone = counted if len(batch) == 1 and batch[0].text_bytes else None
        pairs = zip(batch, vectors, strict=True)
        return [self._answer(item, vector, alone) for item, vector in pairs], counted

    def _answer(self, item: Item, vector: Vector | None, counted: int | None) -> Answer | ItemError:
        if vector is None:
            return ItemError("the API sent a vector of zeros, or with numbers that are not finite")
        # A multi-vector has one vector for each token that the model read. The API counts tokens
        # for a whole request, and bills images tenfold.
        return Answer(vector, len(vector) if self.multi else counted or item.tokens)


class HostedCall:
    """One call of ``embed``."""

    def __init__(
        self, service: Service, request: EmbeddingRequest, size: RequestSize, want: Want
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            service: to ask.
            request: what to ask for.
            size: how much one request may hold.
            want: the kinds of vectors; each is a request of its own.
        """
        self._kinds = kinds(want)
        asked = [OneKind(request, multi) for multi in self._kinds]
        self._call: BatchCall[Answer] = BatchCall(service, asked, size)

    async def run(self, items: AsyncIterator[Item]) -> dict[int, Embedding | ItemError]:
        """Send what is ready while more is made ready; return the results by position.

        Where the tokens that may be spent are spent, or the service refuses or stays away on the
        way, the rest has no result.

        Raises:
            ProviderError: the service refuses or stays away from the beginning.
        """
        done = await self._call.run(items)
        return {item.position: self._joined(item, answers) for item, answers in done}

    def unsent(self) -> UnsentError:
        """Return what stands for an input that has no result."""
        if self._call.error is not None:
            return UnsentError(f"not embedded: {self._call.error}", self._call.error)
        return UnsentError("not sent: it might take more tokens than --max-tokens leaves")

    def _joined(self, item: Item, answers: Sequence[Answer | ItemError]) -> Embedding | ItemError:
        """Put the kinds of vectors of one input together."""
        found: dict[bool, Answer] = {}
        for multi, answer in zip(self._kinds, answers, strict=True):
            if isinstance(answer, ItemError):
                return answer
            found[multi] = answer
        single, multi_vector = found.get(False), found.get(True)
        counted = multi_vector or single
        return Embedding(
            single=single.vector if single else None,
            multi=multi_vector.vector if multi_vector else None,
            tokens=counted.tokens if counted else item.tokens,
        )


def kinds(want: Want) -> list[bool]:
    """Return the requests that vectors need: one for single vectors, one for multi-vectors."""
    return [multi for kind, multi in ((Want.SINGLE, False), (Want.MULTI, True)) if kind in want]
