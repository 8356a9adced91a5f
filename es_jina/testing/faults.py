"""What goes wrong on purpose: scripted, or at random."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from es_jina.testing.answers import Answer, internal_error, page, timed_out, unavailable


@dataclass(frozen=True)
class HangUp:
    """The connection is closed without an answer; the request is not processed."""


@dataclass(frozen=True)
class Cut:
    """The request is processed and billed, but the connection ends within the answer's body.

    Attributes:
        share: of the body that is sent, 0 to 1.
    """

    share: float = 0.5


@dataclass(frozen=True)
class Slow:
    """The answer comes later, and the request is in flight until then.

    Attributes:
        seconds: beside the service time.
    """

    seconds: float = 0.2


Fault = Answer | HangUp | Cut | Slow


def _all_kinds() -> tuple[Fault, ...]:
    return (internal_error(), unavailable(), timed_out(), page(), HangUp(), Cut(), Slow())


@dataclass(frozen=True)
class Faults:
    """Faults at random: the same seed makes the same of the first, second, ... request to arrive.

    Attributes:
        rate: the share of requests that something happens to, 0 to 1.
        seed: of the random numbers.
        kinds: what happens, each as often; an :class:`Answer` stands in place of the real one.
    """

    rate: float = 0.05
    seed: int = 0
    kinds: Sequence[Fault] = field(default_factory=_all_kinds)

    def drawn(self, number: int) -> Fault | None:
        """Return what happens to a request; ``None`` mostly.

        Args:
            number: how many requests arrived before it.
        """
        numbers = random.Random(f"{self.seed} {number}")  # noqa: S311
        return numbers.choice(self.kinds) if numbers.random() < self.rate else None
