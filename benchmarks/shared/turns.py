"""Measuring several things in turn, so that what else the machine does slows all of them."""

import time
from collections.abc import Callable, Mapping

Work = Callable[[int], object]


def in_turns(works: Mapping[str, Work], rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of each work in each round.

    Args:
        works: by name; each is called with the number of the round.
        rounds: how many. Who begins changes with each, as the second may find caches warm.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    names = [*works]
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            start = time.perf_counter()
            works[name](number)
            times[name].append((time.perf_counter() - start) * 1000)
    return times
