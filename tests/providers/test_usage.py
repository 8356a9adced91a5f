"""Requests and tokens, and what may be spent of them."""

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.providers.usage import Purse, Usage, forecast


def test_usage_adds_up_and_has_a_price() -> None:
    used = Usage(1, 250_000) + Usage(2, 750_000)
    assert used == Usage(3, 1_000_000)
    assert used.price(0.05) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("texts", "text_tokens", "images", "tiles", "kinds", "expected"),
    [
        (0, 0, 0, 0, 2, Usage(0, 0)),
        (1, 10, 0, 0, 1, Usage(1, 10)),
        (1, 10, 0, 0, 2, Usage(2, 20)),
        (512, 512, 0, 0, 1, Usage(1, 512)),
        (513, 513, 0, 0, 1, Usage(2, 513)),
        (0, 0, 4, 3072, 1, Usage(2, 30_720)),  # pages of 768 tiles
    ],
)
def test_forecast(
    texts: int, text_tokens: int, images: int, tiles: int, kinds: int, expected: Usage
) -> None:
    assert forecast(texts, text_tokens, images, tiles, kinds=kinds) == expected


@given(
    most=st.integers(0, 1000),
    asked=st.lists(st.lists(st.integers(1, 300), min_size=1, max_size=6), max_size=20),
    share=st.floats(0, 1),
)
def test_no_more_is_spent_than_there_is(most: int, asked: list[list[int]], share: float) -> None:
    """Where nothing turns out more expensive than it was thought to be."""
    purse = Purse(most)

    async def play() -> None:
        for costs in asked:
            count = await purse.reserve(costs)
            reserved = sum(costs[:count])
            assert reserved <= most - purse.usage.tokens
            assert count == len(costs) or reserved + costs[count] > most - purse.usage.tokens
            if count:
                purse.pay(int(share * reserved))
            purse.release(reserved)

    anyio.run(play)
    assert purse.usage.tokens <= most


def test_what_may_be_billed_for_nothing_is_gone() -> None:
    purse = Purse(100)
    purse.lose(60)
    assert anyio.run(purse.reserve, [30, 30]) == 1
    assert purse.usage.tokens == 0


def test_no_limit() -> None:
    purse = Purse(None)
    assert anyio.run(purse.reserve, [10**12, 10**12]) == 2


def test_what_others_have_set_aside_is_waited_for() -> None:
    purse, counts = Purse(100), list[int]()

    async def second() -> None:
        counts.append(await purse.reserve([30, 30]))

    async def play() -> None:
        assert await purse.reserve([80]) == 1
        async with anyio.create_task_group() as group:
            group.start_soon(second)
            await anyio.sleep(0.01)
            assert counts == []
            purse.pay(45)
            purse.release(80)

    anyio.run(play)
    assert counts == [1]
    assert purse.left == 25
