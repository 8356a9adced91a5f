"""Spans for whoever traces us with OpenTelemetry; where nobody does, they cost nothing.

Nothing is configured here: a program that sets up a tracer provider, or runs under
``opentelemetry-instrument``, gets our spans among its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer


@contextmanager
def span(name: str, **attributes: str | float | bool | None) -> Iterator[None]:
    """Time what is done inside the block as one span; an exception is recorded in it.

    Args:
        name: such as ``es_jina.embed``.
        attributes: what the span says besides, each as ``es_jina.KEY``; ``None`` is left out.
    """
    tracer = _tracer()
    if tracer is None:
        yield
        return
    told = {f"es_jina.{key}": value for key, value in attributes.items() if value is not None}
    with tracer.start_as_current_span(name, attributes=told):
        yield


@cache
def _tracer() -> "Tracer | None":
    """Return a tracer that follows the provider, also one that is set up later."""
    try:
        from opentelemetry import trace
    except ImportError:
        return None
    return trace.get_tracer("es_jina")
