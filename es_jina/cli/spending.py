"""Options of what asks the hosted API: what it may spend, and how long it is waited for."""

from collections.abc import Callable
from typing import Any

import click

from es_jina.cli.numbers import Finite
from es_jina.errors import RequestError

# A fortnight: beyond what anybody waits for, within what the system's clocks can wait.
LONGEST = 1_209_600.0

Option = Callable[[Any], Any]


def retry_for(of: str) -> Option:
    """Return ``--retry-for``.

    Args:
        of: what patience is had with, for people.
    """
    return click.option(
        "--retry-for",
        type=Finite(min=0, max=LONGEST),
        default=120.0,
        show_default=True,
        metavar="SECONDS",
        help=f"Patience with {of} that is away or busy.",
    )


def spending(end: str) -> tuple[Option, Option]:
    """Return ``--max-tokens`` and ``--price``.

    Args:
        end: what happens where so many tokens are billed, a sentence.
    """
    return (
        click.option(
            "--max-tokens",
            type=click.IntRange(min=1),
            metavar="N",
            help=f"Of the hosted API: let it bill so many tokens at most. {end}",
        ),
        click.option(
            "--price",
            type=Finite(min=0),
            metavar="MONEY",
            help="Of the hosted API: what a million tokens cost, to be told what that makes.",
        ),
    )


def check_billed(max_tokens: int | None, price: float | None, *, hosted: bool) -> None:
    """Refuse what is of money where nothing is paid for.

    Args:
        max_tokens: of ``--max-tokens``.
        price: of ``--price``.
        hosted: whether a service runs the model.

    Raises:
        RequestError: naming the option.
    """
    for option, value in (("--max-tokens", max_tokens), ("--price", price)):
        if value is not None and not hosted:
            raise RequestError(
                f"{option} is for tokens that are billed: leave it out, or ask the hosted API "
                "with --provider hosted"
            )
