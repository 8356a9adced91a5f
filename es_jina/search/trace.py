"""What a search did, and how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a search.

    Attributes:
        name: embed, words, coarse, nearest, fused, late or rerank.
        ms: how many milliseconds it took. Of words and nearest that ran in one request, what
            Elasticsearch says of each; the way there and back is in neither.
    """

    name: str
    ms: float


@dataclass(frozen=True, slots=True)
class Sent:
    """One search that was sent to Elasticsearch.

    Attributes:
        stage: what for.
        path: such as ``/docs/_search``.
        body: what can be pasted into Kibana's Dev Tools behind ``POST`` and the path.
    """

    stage: str
    path: str
    body: dict[str, Any]


@dataclass(slots=True)
class Trace:
    """The stages and requests of one search, as they happen."""

    stages: list[Stage] = field(default_factory=list)
    requests: list[Sent] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a block."""
        start = time.perf_counter()
        yield
        self.took(name, (time.perf_counter() - start) * 1000)

    def took(self, name: str, ms: float) -> None:
        """Note a stage that was measured elsewhere."""
        self.stages.append(Stage(name, round(ms, 1)))
