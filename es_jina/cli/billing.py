"""What the hosted API bills for a run, as it is told to people and programs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from es_jina.providers.usage import Usage


@runtime_checkable
class Billed(Protocol):
    """A provider that knows what was used of it."""

    @property
    def usage(self) -> "Usage":
        """So far; from any thread."""
        ...


@dataclass(frozen=True, slots=True)
class Bill:
    """What was used, or would be.

    Attributes:
        usage: of the hosted API; ``None`` where the model runs here.
        price: of a million tokens, where it is known.
    """

    usage: "Usage | None"
    price: float | None

    @property
    def fields(self) -> dict[str, Any]:
        """For a program; ``None`` for what there is not."""
        if self.usage is None:
            return {"requests": None, "tokens": None, "cost": None}
        return {
            "requests": self.usage.requests,
            "tokens": self.usage.tokens,
            "cost": None if self.price is None else self.usage.price(self.price),
        }

    @property
    def used(self) -> list[str]:
        """For people, when it was used."""
        if self.usage is None:
            return []
        requests, tokens = counted(self.usage.requests, "request"), self.usage.tokens
        return [f"Hosted API: {requests}, {tokens:,} tokens billed{self.money}"]

    @property
    def expected(self) -> list[str]:
        """For people, before anything is used."""
        if self.usage is None:
            return []
        requests, tokens = counted(self.usage.requests, "request"), self.usage.tokens
        return [
            f"It would use at least {requests} and about {tokens:,} tokens of the "
            f"hosted API{self.money}"
        ]

    @property
    def money(self) -> str:
        """What that makes, to be said behind the tokens; empty where there is no price."""
        if self.usage is None or self.price is None:
            return ""
        cost = self.usage.price(self.price)
        return f", {cost:,.4f} at {self.price:g} for a million tokens"


def counted(count: int, what: str) -> str:
    """Return "1 request" or "2,000 requests"."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
