"""The hosted Jina API as a provider, for callers with an event loop."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Self

import anyio

from es_jina.embedding import Embedding
from es_jina.errors import ItemError, RequestError
from es_jina.inputs import Input, Task
from es_jina.providers.base import ModelInfo, Want
from es_jina.providers.checks import (
    check_max_pixels,
    check_want,
    checked_inputs,
    checked_spans,
    checked_task,
)
from es_jina.providers.embedding_request import Body, EmbeddingRequest
from es_jina.providers.encodings import EMBEDDING_TYPES, EmbeddingType
from es_jina.providers.hosted_call import HostedCall
from es_jina.providers.hosted_models import hosted_model, is_hosted_only
from es_jina.providers.loop_thread import CLOSED
from es_jina.providers.readying import Readying, likely_tokens
from es_jina.providers.request_size import RequestSize
from es_jina.providers.served import Served, ask_served
from es_jina.providers.service import BASE_URL, PATIENCE, is_hosted_api, open_service
from es_jina.providers.usage import Usage

_BOTH = Want.SINGLE | Want.MULTI
_RUN_IT = "; or run the model yourself (pip install 'es_jina[local]', --provider local)"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a call would send.

    Attributes:
        bodies: of the requests, in their order.
        usage: what they would count, by an estimate.
        failed: why some inputs cannot be sent, by their position.
    """

    bodies: list[Body]
    usage: Usage
    failed: dict[int, ItemError]


class AsyncHostedProvider:
    """Embeds with the hosted Jina API, for callers with an event loop.

    A service at another address is asked once which model it runs, at the first need.

    Attributes:
        is_known: whether nothing is left to be asked of the model.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str = BASE_URL,
        model: str = "jina-embeddings-v4",
        embedding_type: EmbeddingType = "base64",
        patience: float = PATIENCE,
        max_tokens: int | None = None,
    ) -> None:
        """Open the provider; nothing is sent yet.

        Args:
            api_key: the key of the API; by default that in ``JINA_API_KEY``, or in the file that
                ``JINA_API_KEY_FILE`` names. A preview, or a service at another address, may do
                without.
            base_url: the address of a service with the same API, without ``/v1/embeddings``.
            model: jina-embeddings-v4, jina-embeddings-v3 or jina-clip-v2; at another address, the
                name that the service knows jina-embeddings-v4 by.
            embedding_type: how vectors travel: ``base64`` and ``float`` are exact; ``binary`` and
                ``ubinary`` bring the signs alone, as unit vectors of equal numbers.
            patience: how many seconds a request goes on trying while the API is busy or out of
                reach: no attempt starts later than this after the first failure.
            max_tokens: how many tokens may be billed; inputs beyond are not sent.

        Raises:
            ProviderError: the key or the address cannot be right.
            RequestError: no such model or embedding type, or ``max_tokens`` is no number.
        """
        if embedding_type not in EMBEDDING_TYPES:
            raise RequestError(
                f"no embedding type {embedding_type!r}: choose from {', '.join(EMBEDDING_TYPES)}"
            )
        if max_tokens is not None and (not isinstance(max_tokens, int) or max_tokens < 0):
            raise RequestError(
                f"max_tokens is {max_tokens!r}: it must be a whole number, 0 or more"
            )
        self._model = hosted_model(model, server=not is_hosted_api(base_url))
        self._name = model.removeprefix("jinaai/")
        self._embedding_type: EmbeddingType = embedding_type
        self._service = open_service(
            api_key,
            base_url,
            self._model.billed_per_tile,
            patience,
            max_tokens,
            otherwise="" if is_hosted_only(model) else _RUN_IT,
        )
        self._sizes = {want: self._size(want) for want in (Want.SINGLE, Want.MULTI, _BOTH)}
        # The hosted API is known; of another service it turns out.
        self.is_known = is_hosted_api(base_url)
        self._one_pass = False
        self._asking = anyio.Lock()
        self._readying = Readying(self._model)
        self._closed = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._service.client.host}, {self._name})"

    @property
    def model(self) -> ModelInfo:
        """What the API runs, as far as it is known; see :meth:`ask_model`.

        The hosted API does not say which revision.
        """
        return self._model.info

    async def ask_model(self) -> ModelInfo:
        """Return what the service runs, which one at another address is asked once.

        One that does not tell is taken for what its model's name says, or jina-embeddings-v4.

        Raises:
            ProviderError: it cannot be reached, stays busy, refuses the key, or tells what cannot
                be.
            RequestError: it tells, and runs no such model.
        """
        self._check_open()
        self._service.client.bind()
        async with self._asking:
            if not self.is_known:
                served = await ask_served(self._service, self._name)
                if served is not None:
                    self._learn(served)
                self.is_known = True
        return self.model

    @property
    def usage(self) -> Usage:
        """What was answered and is billed so far."""
        return self._service.purse.usage

    async def embed(
        self,
        inputs: Sequence[Input],
        task: Task,
        want: Want,
        *,
        max_pixels: int | None = None,
        dimensions: int | None = None,
        truncate: bool = False,
    ) -> list[Embedding | ItemError]:
        """Embed inputs, in as many requests as the API's limits ask for, several in flight.

        The API returns one kind of vector for each request, so asking for both costs twice; not so
        of a server that says that it gives both in one answer.

        Args:
            inputs: texts and images in any mixture; an image at an address is fetched by the API.
            task: one task for all of them.
            want: single vectors, multi-vectors, or both.
            max_pixels: the area that larger images are scaled down to; 602,112 by default.
            dimensions: the Matryoshka size of single vectors; the full size by default.
            truncate: let the API cut off the end of a text that is too long; it does not say which.

        Returns:
            One entry for each input, in input order: its embedding, or why it has none, among them
            `UnsentError` where `max_tokens` are spent, or where the API refuses or stays away
            after others were answered: its `cause` says why. ``tokens`` is exact for multi-vectors
            and for a text that went alone, else an estimate that rather errs upwards: the API
            counts tokens for a whole request.

        Raises:
            ProviderError: there is no key, it is refused, its balance is spent, or the API stays
                out of reach, and nothing was answered before.
            RequestError: an input that is neither Text nor Image, no such task or dimensions.
        """
        self._service.require_key()
        self._service.client.bind()
        inputs = checked_inputs(inputs)
        check_max_pixels(max_pixels)
        await self.ask_model()
        request = self._request(task, want, dimensions, truncate=truncate)
        failed: dict[int, ItemError] = {}
        items = self._readying.items(inputs, max_pixels, failed)
        call = self._call(request, want)
        results = await call.run(items) | failed
        return [results.get(at) or call.unsent() for at in range(len(inputs))]

    async def embed_spans(
        self,
        text: str,
        spans: Sequence[tuple[int, int]],
        task: Task,
        want: Want = Want.SINGLE,
        *,
        dimensions: int | None = None,
    ) -> list[Embedding | ItemError]:
        """Embed parts of one text so that each knows the others (late chunking).

        The API reads the parts of a request as one sequence. As many as it takes go together, in
        the order given, and only they: what stands between the parts is not sent. Where the API
        finds that too long after all, the half of them is what each knows.

        Args:
            text: of any length.
            spans: first character and the one behind the last of each part.
            task: the task.
            want: single vectors, multi-vectors, or both, which may cost twice as in :meth:`embed`.
            dimensions: the Matryoshka size of single vectors; the full size by default.

        Returns:
            One entry for each span: its embedding, or why it has none. ``tokens`` is exact for
            multi-vectors, else an estimate that rather errs upwards.

        Raises:
            ProviderError: there is no key, it is refused, its balance is spent, or the API stays
                out of reach, and nothing was answered before.
            RequestError: the text is no str, a span is no pair of whole numbers, no such task or
                dimensions, or the model knows no late chunking.
        """
        self._service.require_key()
        self._service.client.bind()
        spans = checked_spans(text, spans)
        await self.ask_model()
        if not self._model.late_chunking:
            raise RequestError(f"{self.model.name} knows no late chunking")
        request = self._request(task, want, dimensions, late_chunking=True)
        failed: dict[int, ItemError] = {}
        items = self._readying.parts(text, spans, failed)
        call = self._call(request, want)
        results = await call.run(items) | failed
        return [results.get(at) or call.unsent() for at in range(len(spans))]

    async def preview(
        self,
        inputs: Sequence[Input],
        task: Task,
        want: Want,
        *,
        max_pixels: int | None = None,
        dimensions: int | None = None,
        truncate: bool = False,
    ) -> Preview:
        """Return what :meth:`embed` would send, given the same; nothing is sent.

        It needs no key. As no service is asked either what it can do, both kinds of vectors are
        two requests for each batch, also where one would do.

        Raises:
            RequestError: as :meth:`embed`.
        """
        inputs = checked_inputs(inputs)
        check_max_pixels(max_pixels)
        request = self._request(task, want, dimensions, truncate=truncate)
        failed: dict[int, ItemError] = {}
        bodies: list[Body] = []
        tokens = 0
        items = self._readying.items(inputs, max_pixels, failed)
        async with aclosing(self._sizes[want].batches(items)) as batches:
            async for batch in batches:
                bodies += [request.body(batch, kind) for kind in want]
                tokens += sum(likely_tokens(item, self._model) for item in batch)
        return Preview(bodies, Usage(len(bodies), len(want) * tokens), failed)

    async def close(self) -> None:
        """Close the connections."""
        self._closed = True
        self._readying.close()
        await self._service.client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    def _request(
        self,
        task: Task,
        want: Want,
        dimensions: int | None,
        *,
        truncate: bool = False,
        late_chunking: bool = False,
    ) -> EmbeddingRequest:
        self._check_open()
        task = checked_task(task)
        self._model.check_task(task)
        check_want(want)
        if Want.MULTI in want and self.model.multi_dims is None:
            raise RequestError(f"{self.model.name} has no multi-vectors")
        self.model.check_dimensions(dimensions)
        return EmbeddingRequest(
            self._model,
            self._name,
            task,
            self._embedding_type,
            # The full size is what comes anyway.
            None if dimensions == self.model.dims[-1] else dimensions,
            truncate,
            late_chunking,
        )

    def _call(self, request: EmbeddingRequest, want: Want) -> HostedCall:
        requests = [want] if self._one_pass else [*want]
        return HostedCall(self._service, request, self._sizes[want], requests)

    def _size(self, want: Want, *, one_pass: bool = False) -> RequestSize:
        return RequestSize(
            self._service.scale,
            multi=Want.MULTI in want,
            plain=self._embedding_type == "float",
            one_pass=one_pass,
        )

    def _learn(self, served: Served) -> None:
        self._name = served.id
        self._model = replace(self._model, info=served.info)
        self._readying.model = self._model
        if served.one_pass:
            self._one_pass = True
            self._sizes[_BOTH] = self._size(_BOTH, one_pass=True)

    def _check_open(self) -> None:
        if self._closed:
            raise RequestError(CLOSED)
