"""Measuring several things in turn, so that what else the machine does slows all of them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Work = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one work in one round.

    Attributes:
        wall: seconds on the clock.
        cpu: seconds of this process, all its threads included.
    """

    wall: float
    cpu: float


def costs_in_turns(works: Mapping[str, Work], rounds: int) -> dict[str, list[Cost]]:
    """Return the cost of each work in each round.

    Args:
        works: by name; each is called with the number of the round.
        rounds: how many. Who begins changes with each, as the second may find caches warm.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in works}
    names = [*works]
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            wall, cpu = time.perf_counter(), time.process_time()
            works[name](number)
            costs[name].append(Cost(time.perf_counter() - wall, time.process_time() - cpu))
    return costs


def in_turns(works: Mapping[str, Work], rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of each work in each round, see :func:`costs_in_turns`."""
    costs = costs_in_turns(works, rounds)
    return {name: [1000 * cost.wall for cost in each] for name, each in costs.items()}
