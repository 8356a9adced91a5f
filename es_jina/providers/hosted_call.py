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
    """The vectors of one input that one request brought."""

    single: Vector | None
    multi: Vector | None
    tokens: int


@dataclass(frozen=True, slots=True)
class VectorRequest:
    """Asks for vectors; see :class:`es_jina.providers.batch_call.BatchRequest`.

    Attributes:
        request: what all requests of the call have in common.
        want: one kind of vectors; both, where the service gives them in one answer.
    """

    request: EmbeddingRequest
    want: Want

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
        return self.request.body(batch, self.want)

    def read(
        self, batch: Sequence[Item], reply: Any
    ) -> tuple[list[Answer | ItemError], int | None]:
        """Read an answer.

        Raises:
            KeyError, TypeError, ValueError: it is not what was asked for.
        """
        found: dict[bool, list[Vector | None]] = {}
        counted = None
        for kind in self.want:
            multi = kind is Want.MULTI
            found[multi], counted = self.request.expected(batch, multi=multi).read(reply)
        alone = counted if len(batch) == 1 and batch[0].text_bytes else None
        answers = [
            self._answer(item, {multi: vectors[at] for multi, vectors in found.items()}, alone)
            for at, item in enumerate(batch)
        ]
        return answers, counted

    def _answer(
        self, item: Item, found: dict[bool, Vector | None], counted: int | None
    ) -> Answer | ItemError:
        if any(vectors is None for vectors in found.values()):
            return ItemError("the API sent a vector of zeros, or with numbers that are not finite")
        single, multi = found.get(False), found.get(True)
        # A multi-vector has one vector for each token that the model read. The API counts tokens
        # for a whole request, and bills images tenfold.
        tokens = counted or item.tokens if multi is None else len(multi)
        return Answer(single, multi, tokens)


class HostedCall:
    """One call of ``embed``."""

    def __init__(
        self,
        service: Service,
        request: EmbeddingRequest,
        size: RequestSize,
        requests: Sequence[Want],
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            service: to ask.
            request: what to ask for.
            size: how much one request may hold.
            requests: what each request of a batch asks for.
        """
        asked = [VectorRequest(request, want) for want in requests]
        self._call: BatchCall[Answer] = BatchCall(service, asked, size)

    async def run(self, items: AsyncIterator[Item]) -> dict[int, Embedding | ItemError]:
        """Send what is ready while more is made ready; return the results by position.

        Where the tokens that may be spent are spent, or the service refuses or stays away on the
        way, the rest has no result.

        Raises:
            ProviderError: the service refuses or stays away from the beginning.
        """
        done = await self._call.run(items)
        return {item.position: _joined(answers) for item, answers in done}

    def unsent(self) -> UnsentError:
        """Return what stands for an input that has no result."""
        if self._call.error is not None:
            return UnsentError(f"not embedded: {self._call.error}", self._call.error)
        return UnsentError("not sent: it might take more tokens than --max-tokens leaves")


def _joined(answers: Sequence[Answer | ItemError]) -> Embedding | ItemError:
    """Put together what the requests brought for one input."""
    single: Vector | None = None
    multi: Vector | None = None
    tokens = 0
    for answer in answers:
        if isinstance(answer, ItemError):
            return answer
        single = answer.single if single is None else single
        multi = answer.multi if multi is None else multi
        # Multi-vectors, which tell the tokens, come last.
        tokens = answer.tokens
    return Embedding(single, multi, tokens)
