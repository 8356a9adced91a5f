"""A provider that bills each word of a text, and no more of them than it may."""

import threading
from collections.abc import Sequence
from typing import Any

from es_jina.embedding import Embedding
from es_jina.errors import ItemError, UnsentError
from es_jina.inputs import Input, Task, Text
from es_jina.providers.base import V4, ModelInfo, Want
from es_jina.providers.usage import Usage

from .provider_double import DoubleProvider

PICTURE_TOKENS = 10


class BilledProvider(DoubleProvider):
    """May be called from several threads; what it has sent is in `calls`."""

    def __init__(self, max_tokens: int | None = None, seconds: float = 0.0) -> None:
        super().__init__(seconds=seconds)
        self.usage = Usage()
        self._max_tokens = max_tokens
        self._spent = False
        self._lock = threading.Lock()

    def embed(
        self, inputs: Sequence[Input], task: Task, want: Want, **options: Any
    ) -> list[Embedding | ItemError]:
        unsent = [not self._pay(item) for item in inputs]
        sent = [item for item, not_sent in zip(inputs, unsent, strict=True) if not not_sent]
        answers = iter(super().embed(sent, task, want, **options) if sent else [])
        with self._lock:
            self.usage += Usage(requests=bool(sent))
        return [
            UnsentError("the tokens are spent") if not_sent else next(answers)
            for not_sent in unsent
        ]

    def _pay(self, item: Input) -> bool:
        tokens = len(item.text.split()) if isinstance(item, Text) else PICTURE_TOKENS
        with self._lock:
            most = self._max_tokens
            self._spent |= most is not None and self.usage.tokens + tokens > most
            if not self._spent:
                self.usage += Usage(tokens=tokens)
            return not self._spent


class HostedDouble(BilledProvider):
    """Passes for the hosted API, in an index of 128 dims."""

    @property
    def model(self) -> ModelInfo:
        return V4
