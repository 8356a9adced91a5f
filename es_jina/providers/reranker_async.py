"""The hosted reranker, for callers with an event loop."""

from collections.abc import Sequence
from typing import Self

from es_jina.errors import ItemError, RequestError
from es_jina.inputs import Input
from es_jina.providers.base import ModelInfo, Ranked
from es_jina.providers.batch_call import BatchCall
from es_jina.providers.checks import checked_inputs
from es_jina.providers.hosted_rerankers import hosted_reranker
from es_jina.providers.payload import Item
from es_jina.providers.readying import Readying
from es_jina.providers.request_size import RequestSize
from es_jina.providers.rerank_call import PairScale, RerankRequest
from es_jina.providers.service import BASE_URL, PATIENCE, is_hosted_api, open_service
from es_jina.providers.usage import Usage

RERANKER = "jina-reranker-m0"


class AsyncHostedReranker:
    """Orders documents by their relevance to a query, for callers with an event loop."""

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str = BASE_URL,
        model: str = RERANKER,
        patience: float = PATIENCE,
    ) -> None:
        """Open the reranker; nothing is sent yet.

        Args:
            api_key: the key of the API; by default that in ``JINA_API_KEY``, or in the file that
                ``JINA_API_KEY_FILE`` names. A service at another address may do without.
            base_url: the address of a service with the same API, without ``/v1/rerank``.
            model: jina-reranker-m0, or jina-reranker-v3, which reads texts alone, and all of a
                request together: how it scores one depends a little on the others; at another
                address, the name that the service knows a model such as jina-reranker-m0 by.
            patience: how many seconds a request goes on trying while the API is busy or out of
                reach: no attempt starts later than this after the first failure.

        Raises:
            ProviderError: there is no key, or the key or the address cannot be right.
            RequestError: no such model.
        """
        self._model = hosted_reranker(model, server=not is_hosted_api(base_url))
        self._name = model.removeprefix("jinaai/")
        self._service = open_service(api_key, base_url, self._model.billed_per_tile, patience)
        self._service.require_key()
        self._readying = Readying(self._model)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._service.client.host}, {self._name})"

    @property
    def model(self) -> ModelInfo:
        """What the API runs."""
        return self._model.info

    @property
    def usage(self) -> Usage:
        """What was answered and is billed so far."""
        return self._service.purse.usage

    async def rerank(
        self,
        query: Input,
        documents: Sequence[Input],
        *,
        top_n: int | None = None,
        truncate: bool = False,
    ) -> list[Ranked]:
        """Order documents, in as many requests as the API's limits ask for, several in flight.

        The API reads the query anew with each document, and bills it each time.

        Args:
            query: a text or an image; an image at an address is fetched by the API.
            documents: texts and images in any mixture; larger images are scaled down to 602,112
                pixels, more than that the model does not look at.
            top_n: how many of the best to return; all by default.
            truncate: read the beginning of a document that is too long; else it has an error.

        Returns:
            The documents best first, those with equal scores in the order given. Behind them, also
            beyond ``top_n``, those that cannot be read or were refused, each with its error.

        Raises:
            ItemError: the query cannot be read.
            ProviderError: the key is refused, its balance is spent, or the API stays out of reach.
            RequestError: something is neither Text nor Image, or ``top_n`` is no number above 0.
        """
        self._service.client.bind()
        checked_inputs([query])
        documents = checked_inputs(documents)
        _check_top_n(top_n)
        asked = await self._query(query)
        size = RequestSize(PairScale(self._service.scale, asked), multi=False, plain=False)
        request = RerankRequest(self._model, self._name, asked, truncate)
        failed: dict[int, ItemError] = {}
        items = self._readying.items(documents, None, failed)
        call: BatchCall[float] = BatchCall(self._service, [request], size)
        results = {item.position: score for item, (score,) in await call.run(items)}
        if call.error is not None:
            raise call.error
        return _ranked({**results, **failed}, top_n)

    async def close(self) -> None:
        """Close the connections."""
        self._readying.close()
        await self._service.client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def _query(self, query: Input) -> Item:
        failed: dict[int, ItemError] = {}
        async for item in self._readying.items([query], None, failed):
            return item
        raise failed[0]


def _check_top_n(top_n: int | None) -> None:
    if top_n is not None and (not isinstance(top_n, int) or top_n < 1):
        raise RequestError(f"top_n is {top_n!r}: it must be a whole number above 0")


def _ranked(results: dict[int, float | ItemError], top_n: int | None) -> list[Ranked]:
    failed = [
        Ranked(index, 0.0, result)
        for index, result in sorted(results.items())
        if isinstance(result, ItemError)
    ]
    scored = [
        Ranked(index, result)
        for index, result in sorted(results.items())
        if not isinstance(result, ItemError)
    ]
    scored.sort(key=lambda each: -each.score)
    return scored[:top_n] + failed
