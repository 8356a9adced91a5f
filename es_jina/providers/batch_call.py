"""One call of a service: its requests, several in flight, and what comes of them."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, Generic, Protocol, TypeVar

import anyio
import anyio.lowlevel

from es_jina.errors import EsJinaError, ItemError, ProviderError, TooLongError
from es_jina.providers.base import MODEL_ID
from es_jina.providers.hosted_models import HostedModel
from es_jina.providers.patience import Parting, Patience
from es_jina.providers.payload import Item
from es_jina.providers.refusals import LaterError, RefusedError
from es_jina.providers.request_size import RequestSize
from es_jina.providers.service import Service
from es_jina.providers.too_large import most_tokens, too_large

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Body = dict[str, Any]

# Requests that are refused before any is taken, until it is not what is in them.
MOST_REFUSED = 40


class BatchRequest(Protocol[T_co]):
    """What is asked of batches of items."""

    @property
    def route(self) -> str:
        """The path below the service's address."""
        ...

    @property
    def model(self) -> HostedModel:
        """That is asked."""
        ...

    @property
    def compressed(self) -> bool:
        """Whether the answer may be."""
        ...

    @property
    def together(self) -> bool:
        """Whether the items of a batch are read as one, so that none is to blame alone."""
        ...

    @property
    def items_field(self) -> str:
        """The field of the body that holds the items; the others are common to all."""
        ...

    def body(self, batch: Sequence[Item]) -> Body:
        """Return the JSON body for a batch."""
        ...

    def read(
        self, batch: Sequence[Item], reply: Any
    ) -> tuple[Sequence[T_co | ItemError], int | None]:
        """Return the result of each item, and the tokens that the answer counts.

        Raises:
            KeyError, TypeError, ValueError: the answer is not what was asked for.
        """
        ...


class BatchCall(Generic[T]):
    """Asks one or several things of the same items.

    Attributes:
        error: what ended it early.
    """

    def __init__(
        self, service: Service, requests: Sequence[BatchRequest[T]], size: RequestSize
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            service: to ask.
            requests: what to ask for; each is sent for every batch.
            size: how much one request may hold.
        """
        self._service = service
        self._requests = requests
        self._size = size
        self._results: dict[tuple[int, int], T | ItemError] = {}
        self.error: EsJinaError | None = None
        self._began = 0.0
        # Tokens set aside for one request of each item, by position, and for all requests.
        self._costs: dict[int, int] = {}
        self._reserved = 0
        self._doubtful: list[tuple[Sequence[Item], int, Patience]] = []
        self._probing = False

    async def run(self, items: AsyncIterator[Item]) -> list[tuple[Item, list[T | ItemError]]]:
        """Send what is ready while more is made ready.

        Returns:
            The items that have a result for each request. Where the tokens that may be spent are
            spent, the rest is not sent. Where the service refuses or stays away, nothing more is
            sent, what is in flight is waited for, and `error` says why the rest has none.

        Raises:
            ProviderError: it does so before there is any result.
        """
        self._began, sent = time.monotonic(), list[Item]()
        try:
            async with (
                aclosing(self._size.batches(items, self._enough)) as batches,
                anyio.create_task_group() as self._group,
            ):
                async for batch in batches:
                    left = batch
                    while left and not self.error and (part := await self._afforded(left)):
                        sent += part
                        left = left[len(part) :]
                        await self._begin_all(part)
                    if left:
                        break
        finally:
            self._service.purse.release(self._reserved)  # for what was cancelled
        done = [(item, found) for item in sent if (found := self._found(item))]
        answered = any(not isinstance(each, ItemError) for _, found in done for each in found)
        if self.error is not None and not answered:
            raise self.error
        return done

    def _found(self, item: Item) -> list[T | ItemError]:
        """Return what there is for an item; nothing where one of the requests has no result."""
        keys = [(item.position, number) for number in range(len(self._requests))]
        return [self._results[key] for key in keys] if self._results.keys() >= {*keys} else []

    def _enough(self, tokens: int) -> bool:
        """Whether a request counts more than a minute has room for, or than is read as one."""
        return tokens > self._service.client.limits.most_tokens or any(
            each.together and tokens > each.model.longest for each in self._requests
        )

    async def _afforded(self, batch: list[Item]) -> list[Item]:
        """Set tokens aside for a batch; return the items that there are enough for."""
        costs = [self._size.scale.most(item) for item in batch]
        count = await self._service.purse.reserve([len(self._requests) * cost for cost in costs])
        self._costs |= {batch[at].position: costs[at] for at in range(count)}
        self._reserved += len(self._requests) * sum(costs[:count])
        return batch[:count]

    def _settle(self, batch: Sequence[Item]) -> None:
        """Give back what is set aside for one request of a batch."""
        tokens = sum(self._costs[item.position] for item in batch)
        self._reserved -= tokens
        self._service.purse.release(tokens)

    async def _begin_all(self, batch: list[Item]) -> None:
        for number in range(len(self._requests)):
            await self._service.client.limits.room()
            self._begin(batch, number, self._patience(batch))
            await (
                anyio.lowlevel.checkpoint()
            )  # so that it waits for its turn, which makes less room

    def _begin(self, batch: Sequence[Item], number: int, patience: Patience) -> None:
        self._group.start_soon(self._send, batch, number, patience)

    def _patience(self, batch: Sequence[Item]) -> Patience:
        return Patience(self._service.patience, alone=len(batch) == 1, began=self._began)

    async def _send(self, batch: Sequence[Item], number: int, patience: Patience) -> None:
        """Ask one thing of a batch; behind the first error nothing more is asked.

        What is in flight then is waited for: it may be billed.
        """
        if self.error is not None:
            self._settle(batch)
            return
        try:
            results = await self._ask(batch, number, patience)
        except EsJinaError as error:
            self.error = self.error or error
            self._settle(batch)
            return
        if results is not None:
            for item, result in zip(batch, results, strict=True):
                self._results[item.position, number] = result
            self._settle(batch)

    async def _ask(
        self, batch: Sequence[Item], number: int, patience: Patience
    ) -> Sequence[T | ItemError] | None:
        """Ask one thing; ``None`` where it is asked of parts of the batch instead."""
        service, size, request = self._service, self._size, self._requests[number]
        tokens = sum(map(size.scale.tokens, batch))
        try:
            results, counted = await service.client.post(
                request.route,
                request.body(batch),
                lambda reply: request.read(batch, reply),
                tokens=tokens,
                patience=patience,
                compressed=request.compressed,
                lost=lambda: service.purse.lose(tokens),
            )
        except anyio.get_cancelled_exc_class():
            service.purse.lose(tokens)
            raise
        except RefusedError as error:
            return self._refused(batch, number, error)
        except LaterError as error:
            return self._given_up(batch, number, patience, error)
        if patience.parting is not None:
            patience.parting.tell()
        service.purse.pay(tokens if counted is None else counted)
        size.answered(batch)
        if counted is not None:
            size.scale.learn(batch, counted)
        return results

    def _refused(
        self, batch: Sequence[Item], number: int, error: RefusedError
    ) -> list[T | ItemError] | None:
        """Part what the service dislikes until culprits stand alone."""
        request = self._requests[number]
        if error.code == "INPUT_MODEL_NOT_FOUND" or _blames_request(error, request):
            raise error  # no item is to blame
        self._check_any_taken(error)
        if request.together and not _too_large(error):
            return [_refused_together(error)] * len(batch)
        if len(batch) == 1:
            return [_refused_alone(error, request.model)]
        self._size.refused(batch, error.status, error.said)
        for part in self._size.parts(batch):
            self._begin(part, number, self._patience(part))
        return None

    def _check_any_taken(self, error: RefusedError) -> None:
        """Blame the request, or who is asked, where all is refused from the beginning."""
        service = self._service
        if service.client.answered_at > 0 or _too_large(error):
            return
        service.refused += 1
        if service.refused >= MOST_REFUSED:
            raise ProviderError(
                f"{service.refused} requests were refused, one after the other, and none taken: "
                f"{error}",
                passing=False,
            )

    def _given_up(
        self, batch: Sequence[Item], number: int, patience: Patience, error: LaterError
    ) -> list[T | ItemError] | None:
        """Part what the service could not serve, or give up one item, where others are served."""
        alive = patience.blames(error, self._service.client.answered_at)
        if error.rate_limited or error.passing is False or (patience.ended and not alive):
            raise error
        if alive and len(batch) == 1:
            return [ItemError(f"the API failed on this input, not on others: {error}")]
        if alive:
            self._begin_parts(batch, number, patience)
        else:
            self._doubt(batch, number, patience)
        return None

    def _begin_parts(self, batch: Sequence[Item], number: int, patience: Patience) -> None:
        parting = Parting(patience.parting)
        for part in self._size.parts(batch):
            alone = len(part) == 1
            self._begin(part, number, patience.part(alone=alone, afresh=True, parting=parting))

    def _doubt(self, batch: Sequence[Item], number: int, patience: Patience) -> None:
        """Put aside what fails while nothing is answered: it, or the service, may be at fault.

        The parts are asked for one at a time, so that a service that is down is left in peace, and
        down to single items, so that one that breaks it does not look like that.
        """
        if len(batch) > 1:
            parting = Parting(patience.parting)
            self._doubtful += [
                (part, number, patience.part(alone=len(part) == 1, afresh=False, parting=parting))
                for part in self._size.parts(batch)
            ]
        else:
            self._doubtful.insert(0, (batch, number, patience))
        if not self._probing:
            self._probing = True
            self._group.start_soon(self._probe)

    async def _probe(self) -> None:
        while self._doubtful and self.error is None:
            part, number, patience = self._doubtful.pop()
            if not patience.alive(self._service.client.answered_at):
                await anyio.sleep(patience.pause)
            if patience.alive(self._service.client.answered_at):
                self._begin(part, number, patience.part(alone=len(part) == 1, afresh=True))
            else:
                patience.resume()
                await self._send(part, number, patience)
        for part, _, _ in self._doubtful:
            self._settle(part)
        self._doubtful, self._probing = [], False


def _blames_request(error: RefusedError, request: BatchRequest[object]) -> bool:
    """Whether it names a field that all items have in common, and none of an item."""
    named = {field.rpartition("->")[2].strip() for field in error.fields}
    return bool(named) and named <= request.body([]).keys() - {request.items_field}


def _refused_alone(error: RefusedError, model: HostedModel) -> ItemError:
    said = f"the API refused this input ({error.status}): {error.said}"
    if not _too_large(error) or "token" not in error.said.lower():
        return ItemError(said)
    taken = most_tokens(error.said) or model.longest
    if taken < model.longest and model.info.name == MODEL_ID:
        return TooLongError(
            f"{said}; that is the hosted API's own limit: the model reads {model.longest:,} tokens "
            "where you run it yourself (--provider local)"
        )
    return TooLongError(f"{said}; the model reads no more: cut it into parts, or truncate it")


def _too_large(error: RefusedError) -> bool:
    return too_large(error.status, error.code, error.said)


def _refused_together(error: RefusedError) -> ItemError:
    return ItemError(
        f"the API refused to embed this part together with its text ({error.status}): "
        f"{error.said}; embed it without late chunking"
    )
