"""Embedding batches with patience: what passes is waited for, what is broken fails alone."""

import threading
from collections.abc import Callable, Sequence
from itertools import count, groupby
from math import inf

from es_jina.elastic.patience import pauses
from es_jina.embedding import Embedding
from es_jina.errors import EsJinaError, ItemError, ProviderError, first_line
from es_jina.ingest.units import Loaded
from es_jina.profile import IndexProfile
from es_jina.providers.answers import checked
from es_jina.providers.base import Provider, Want

Result = Embedding | ItemError

# How often a call is made that fails for a reason nobody has named.
_TRIES = 5
_TRIES_ALONE = 3
# Inputs one after the other that may break the provider before it is the provider that is broken.
_MOST_BROKEN = 20


class Embedder:
    """Embeds the units of a run for one profile; from several threads at once, if need be."""

    def __init__(
        self,
        open_provider: Callable[[], Provider],
        profile: IndexProfile,
        retry_for: float,
        stopping: threading.Event,
    ) -> None:
        """Prepare; the provider is opened by the first batch.

        Args:
            open_provider: returns a provider that runs the profile's model.
            profile: of the index.
            retry_for: seconds of patience with a provider that fails as a whole.
            stopping: ends every pause.
        """
        self._open_provider = open_provider
        self._provider: Provider | None = None
        self._profile = profile
        self._want = Want.SINGLE | Want.MULTI if profile.multi_vector else Want.SINGLE
        self._retry_for = retry_for
        self._stopping = stopping
        self._lock = threading.Lock()
        self._broken = 0
        self._refusal: ProviderError | None = None
        self.calls = 0

    def embed(self, batch: Sequence[Loaded]) -> list[Result]:
        """Embed a batch; one entry for each unit, in order.

        Raises:
            ProviderError, RequestError: the provider refuses, or has failed for longer than
                patience lasts.
        """
        provider = self._opened()
        results: list[Result] = []
        for section, units in groupby(batch, key=lambda item: item.unit.section):
            group = list(units)
            text = None if section is None else section.text
            results += self._isolated(provider, group, text)
        return results

    def _opened(self) -> Provider:
        with self._lock:
            if self._provider is None:
                self._provider = self._open_provider()
            return self._provider

    def _isolated(
        self, provider: Provider, group: Sequence[Loaded], section: str | None
    ) -> list[Result]:
        """Embed a group; where that fails on something in it, the halves of it, down to one."""
        try:
            results = self._patient(provider, group, section)
            with self._lock:
                self._broken = 0
            return results
        except EsJinaError:
            raise
        except (ConnectionError, TimeoutError) as error:
            raise ProviderError(f"the provider failed: {_named(error)}") from error
        except Exception as error:
            if len(group) == 1:
                return [self._blamed(error)]
            middle = len(group) // 2
            return [
                *self._isolated(provider, group[:middle], section),
                *self._isolated(provider, group[middle:], section),
            ]

    def _blamed(self, error: Exception) -> ItemError:
        """Blame an input for an error.

        Raises:
            ProviderError: too many inputs have ended so, without a good one between them.
        """
        with self._lock:
            self._broken += 1
            broken = self._broken
        if broken >= _MOST_BROKEN:
            raise ProviderError(
                f"the provider failed for {_MOST_BROKEN} inputs in a row, the last time with "
                f"{_named(error)}"
            ) from error
        return ItemError(_named(error))

    def _patient(
        self, provider: Provider, group: Sequence[Loaded], section: str | None
    ) -> list[Result]:
        """Ask again while what fails may pass."""
        waits = pauses(self._retry_for)
        for tried in count(1):
            try:
                return self._asked(provider, group, section)
            except Exception as error:
                if isinstance(error, ProviderError) and error.passing is False:
                    self._refusal = error
                wait = next(waits, None)
                ended = wait is None or self._stopping.is_set()
                if ended or tried >= _tries(error, alone=len(group) == 1):
                    raise
                self._stopping.wait(wait)
        raise AssertionError("counting has no end")

    def _asked(
        self, provider: Provider, group: Sequence[Loaded], section: str | None
    ) -> list[Result]:
        with self._lock:
            if self._refusal is not None:  # of a call beside this one: it would only be repeated
                raise self._refusal
            self.calls += 1
        task = self._profile.passage_task
        if section is not None:
            spans = [item.unit.within for item in group]
            answer = provider.embed_spans(section, spans, task, self._want)
        else:
            answer = provider.embed(
                [item.input for item in group],
                task,
                self._want,
                max_pixels=self._profile.max_pixels,
            )
        results = list(answer)
        if len(results) != len(group):
            raise ProviderError(
                f"the provider answered {len(results)} embeddings for {len(group)} inputs"
            )
        return [checked(result, self._profile) for result in results]


def _tries(error: Exception, *, alone: bool) -> float:
    """Return how often a call that fails so is made."""
    match error:
        case ProviderError():
            return {True: inf, False: 1, None: _TRIES}[error.passing]
        case EsJinaError():
            return 1
        case ConnectionError() | TimeoutError():
            return inf
        case _:
            # Of several inputs one may be to blame: they are parted before anything else.
            return _TRIES_ALONE if alone else 1


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {first_line(error)}"
