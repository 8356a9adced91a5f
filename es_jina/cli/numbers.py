"""Numbers on the command line."""

from math import isfinite
from typing import Any

import click


class Finite(click.FloatRange):
    """A number that is one."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Read a value; NaN is in every range."""
        number: float = super().convert(value, param, ctx)
        if not isfinite(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number
