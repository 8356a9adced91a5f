"""Whatever comes, and whatever breaks: everyone has their own answers, in order."""

import asyncio
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from es_jina.embedding import Embedding
from es_jina.errors import ItemError, ProviderError, RequestError
from es_jina.providers.refusals import LaterError
from es_jina.server.limits import Limits
from es_jina.server.queue import Queue
from es_jina.server.work import Unit

from .queue_doubles import KIND, QUERY, Double, chunks, numbers, play, unit

Found = list[Embedding | ItemError]

# What an input is, beside its number: most are good.
WORDS = st.sampled_from(["", "", "", "", "", "", "chunks", "unreadable", "poison", "panic", "away"])


@dataclass(frozen=True)
class Client:
    inputs: tuple[tuple[str, bool, int], ...]  # its word, whether it is a query, its tokens
    interactive: bool
    pause: int  # turns of the loop before it comes
    patience: int | None  # turns of the loop until it hangs up


CLIENTS = st.lists(
    st.builds(
        Client,
        st.lists(st.tuples(WORDS, st.booleans(), st.integers(1, 150)), max_size=12).map(tuple),
        st.booleans(),
        st.integers(0, 5),
        st.none() | st.integers(0, 20),
    ),
    max_size=12,
)


def made(client: Client, first: int) -> list[Unit]:
    return [
        chunks(f"{number:5} {number:5}", (0, 5), (6, 11), kind=QUERY if query else KIND)
        if word == "chunks"
        else unit(f"{word} {number}".strip(), QUERY if query else KIND, tokens)
        for number, (word, query, tokens) in enumerate(client.inputs, first)
    ]


def expected(client: Client, first: int) -> list[int | str]:
    entries: list[int | str] = []
    for number, (word, _, _) in enumerate(client.inputs, first):
        told: dict[str, list[int | str]] = {
            "chunks": [number, number],
            "unreadable": [f"cannot read unreadable {number}"],
            "poison": ["refused"],
        }
        entries += told.get(word, [number])
    return entries


async def come(queue: Queue, client: Client, first: int) -> Found:
    for _ in range(client.pause):
        await asyncio.sleep(0)
    return await queue.submit(made(client, first), interactive=client.interactive)


async def hang_up(client: Client, task: "asyncio.Task[Found]") -> None:
    if client.patience is not None:
        for _ in range(client.patience):
            await asyncio.sleep(0)
        task.cancel()


def check(client: Client, first: int, found: Found | BaseException, *, away: bool) -> None:
    if isinstance(found, asyncio.CancelledError):
        assert client.patience is not None
    elif isinstance(found, LaterError):
        assert away  # perhaps a neighbour's: a service that is away is away for the batch
    elif isinstance(found, ProviderError):
        assert "panic" in {word for word, _, _ in client.inputs}
    else:
        assert not isinstance(found, BaseException)
        assert numbers(found) == expected(client, first)


@settings(max_examples=60)
@given(clients=CLIENTS, workers=st.integers(1, 3), started=st.integers(0, 8))
def test_everyone_has_their_own_answers(clients: list[Client], workers: int, started: int) -> None:
    async def job() -> None:
        providers = [Double() for _ in range(workers)]
        for provider in providers:
            provider.breaking["poison"] = RequestError("refused")
            provider.breaking["panic"] = SystemExit("panic")
            provider.breaking["away"] = LaterError("busy")
        queue = Queue(Limits(batch_tokens=200))
        tasks = [
            asyncio.ensure_future(come(queue, client, 1000 * index))
            for index, client in enumerate(clients)
        ]
        leaving = [
            asyncio.ensure_future(hang_up(client, task))
            for client, task in zip(clients, tasks, strict=True)
        ]
        for _ in range(started):
            await asyncio.sleep(0)
        queue.start(providers)
        found = await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*leaving)
        away = any(word == "away" for client in clients for word, _, _ in client.inputs)
        for index, (client, entries) in enumerate(zip(clients, found, strict=True)):
            check(client, 1000 * index, entries, away=away)
        await queue.drain()
        assert (queue.waiting_units, queue.waiting_tokens) == (0, 0)

    play(job)
