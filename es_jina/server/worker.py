"""Runs a batch so that nothing in it harms its neighbours or the thread."""

import logging
import time
import traceback
from collections.abc import Sequence
from typing import TypeVar

from es_jina.errors import EsJinaError, ItemError, ProviderError
from es_jina.providers.base import Provider
from es_jina.server.pace import Pace
from es_jina.server.waiting import Answer
from es_jina.server.work import Chunks, Unit

_log = logging.getLogger(__name__)

Error = TypeVar("Error", bound=EsJinaError)


class Worker:
    """One provider and how fast it is.

    Attributes:
        pace: of its calls that succeeded.
        busy: whether it has a batch; the queue's own note.
    """

    def __init__(self, provider: Provider) -> None:
        self.pace = Pace()
        self.busy = False
        self._provider = provider

    def run(self, units: Sequence[Unit]) -> list[Answer | ProviderError]:
        """Embed units of one kind, or chunks alone; never raises.

        Where a call fails, its halves are tried again: an input that breaks it, or one too many for
        the memory, then fails alone. Not so where the provider is away: all fail at once.

        Returns:
            An answer for each unit, or why its whole request fails.
        """
        answers: list[Answer | ProviderError] = []
        parts = [units]
        while parts:
            part = parts.pop()
            try:
                answers += self._call(part)
            # Whatever it is: what panics below Python is no Exception, and the thread must go on.
            except BaseException as error:
                if isinstance(error, ProviderError) and error.passing:
                    return answers + [_bare(error)] * (len(units) - len(answers))
                if len(part) > 1:
                    half = len(part) // 2
                    parts += [part[half:], part[:half]]
                else:
                    answers.append(_failed(part[0], error))
        return answers

    def _call(self, units: Sequence[Unit]) -> list[Answer]:
        """Embed in one call.

        Raises:
            ProviderError: the provider answered with more or fewer than was asked.
            BaseException: whatever the provider raises.
        """
        began = time.perf_counter()
        answers = self._asked(units)
        self.pace.saw(sum(unit.tokens for unit in units), time.perf_counter() - began)
        return answers

    def _asked(self, units: Sequence[Unit]) -> list[Answer]:
        kind, content = units[0].kind, units[0].content
        if isinstance(content, Chunks):
            parts = self._provider.embed_spans(content.text, content.spans, kind.task, kind.want)
            _check(len(parts), len(content.spans))
            return [parts]
        inputs = [unit.content for unit in units if not isinstance(unit.content, Chunks)]
        found = self._provider.embed(
            inputs, kind.task, kind.want, max_pixels=kind.max_pixels, truncate=kind.truncate
        )
        _check(len(found), len(units))
        return [[each] for each in found]


def _check(found: int, asked: int) -> None:
    if found != asked:
        raise ProviderError(f"the provider answered {asked} inputs with {found} entries")


def _failed(unit: Unit, error: BaseException) -> Answer | ProviderError:
    """Return what a unit has that fails alone."""
    if isinstance(error, ProviderError):
        return _bare(error)
    if isinstance(error, EsJinaError):
        entry = _bare(error) if isinstance(error, ItemError) else ItemError(str(error))
        return [entry] * (len(unit.content.spans) if isinstance(unit.content, Chunks) else 1)
    # Where, but not what it says: that may hold what a client sent.
    name = type(error).__name__
    _log.error("a call failed (%s)\n%s", name, "".join(traceback.format_tb(error.__traceback__)))
    return ProviderError(f"the model failed at this input ({name}): see the server's log")


def _bare(error: Error) -> Error:
    """Let go of the frames of the call, which hold its inputs and arrays."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
