"""Commands that know in which order their arguments and some of their options were given."""

from collections.abc import Iterator
from typing import Any

import click


class OrderedCommand(click.Command):
    """A command with one argument of any number of values, and options that stand among them.

    click itself keeps the order within the argument and within each option, not among them.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep what was given for :func:`in_order`."""
        ctx.meta[__name__] = [*args]
        return super().parse_args(ctx, args)


def in_order(ctx: click.Context, argument: str, *options: str) -> list[tuple[str, Any]]:
    """Return the values of the argument and of options that may be repeated, in their order.

    Args:
        ctx: of an :class:`OrderedCommand` that has read its arguments.
        argument: the name of its argument.
        options: the names of those options.

    Returns:
        Pairs of a name and a value.
    """
    values = {name: iter(ctx.params[name]) for name in (argument, *options)}
    if any(ctx.params[name] for name in options):
        names = _names(ctx, argument, {*options})
    else:
        names = iter([argument] * len(ctx.params[argument]))
    return [(name, next(values[name])) for name in names]


def _names(ctx: click.Context, argument: str, options: set[str]) -> Iterator[str]:
    """Yield a name for each value: read up to the first of the argument's, then on behind it."""
    parser = ctx.command.make_parser(ctx)
    parser.allow_interspersed_args = False
    left = [*ctx.meta[__name__]]
    while left:
        found, _, order = parser.parse_args([*left])
        yield from (each.name for each in order if each.name in options)
        behind = found[argument]
        # Where there is none, click has an empty tuple or, from 8.3 on, a mark of its own.
        if not isinstance(behind, tuple) or not behind:
            return
        read = left[: len(left) - len(behind)]
        if _ends_options(parser, read):
            yield from [argument] * len(behind)
            return
        yield argument
        left = [*behind[1:]]


def _ends_options(parser: Any, read: list[str]) -> bool:
    """Say whether what was read ends with ``--``, and not with an option of that value."""
    if read[-1:] != ["--"]:
        return False
    try:
        parser.parse_args(read[:-1])
    except click.BadOptionUsage:
        return False
    return True
