"""The ingest engine over the test's index, with a provider that remembers what it was asked."""

from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

from es_jina.elastic.capabilities import Capabilities
from es_jina.embedding import Embedding
from es_jina.errors import ItemError
from es_jina.ingest.dead_letters import DeadLetters
from es_jina.ingest.report import Report
from es_jina.ingest.run import Ingest, Options
from es_jina.ingest.targets import Setting, Targets
from es_jina.inputs import Input, Task
from es_jina.profile import IndexProfile
from es_jina.providers import open_tokenizer
from es_jina.providers.base import Provider, Want
from es_jina.providers.local import LocalProvider


class Counting:
    """A provider that remembers what it was asked."""

    def __init__(self, inner: LocalProvider) -> None:
        self.inner = inner
        self.inputs: list[Input] = []
        self.spans: list[tuple[str, tuple[int, int]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def embed(
        self, inputs: Any, task: Task, want: Want, **options: Any
    ) -> list[Embedding | ItemError]:
        self.inputs += inputs
        return self.inner.embed(inputs, task, want, **options)

    def embed_spans(
        self, text: str, spans: Any, *others: Any, **named: Any
    ) -> list[Embedding | ItemError]:
        self.spans += [(text, span) for span in spans]
        return self.inner.embed_spans(text, spans, *others, **named)


class Runner:
    """Ingests paths into the test's index, with the counting provider."""

    def __init__(
        self,
        client: Elasticsearch,
        index: str,
        profile: IndexProfile,
        capabilities: Capabilities,
        counting: Counting,
        folder: Path,
    ) -> None:
        self.client = client
        self.index = index
        self.profile = profile
        self.capabilities = capabilities
        self.counting = counting
        self.dead = folder / "dead.ndjson"
        self.scratch = folder / "scratch"
        self.scratch.mkdir()

    def __call__(self, *paths: Path, **named: Any) -> Report:
        self.counting.inputs.clear()
        self.counting.spans.clear()
        with DeadLetters(self.dead) as letters:
            ingest = self.engine(letters, **{k: v for k, v in named.items() if k != "setting"})
            return ingest.run(self.targets(*paths, **named.get("setting", {})))

    def preview(self, *paths: Path, **named: Any) -> Report:
        return self.engine(None, **named).preview(self.targets(*paths))

    def targets(self, *paths: Path, **setting: Any) -> Targets:
        return Targets([*map(str, paths)], Setting(self.client, self.scratch, **setting))

    def engine(
        self, letters: DeadLetters | None, profile: IndexProfile | None = None, **options: Any
    ) -> Ingest:
        provider: Provider = self.counting
        more: dict[str, Any] = {}
        if letters is not None:
            more = {"on_failure": letters.add, "on_settled": letters.settle}
        return Ingest(
            self.client,
            self.index,
            profile or self.profile,
            self.capabilities,
            open_provider=lambda: provider,
            open_tokenizer=lambda: open_tokenizer("local", self.profile.model),
            options=Options(**options),
            **more,
        )


def everything(client: Elasticsearch, index: str) -> dict[str, dict[str, Any]]:
    """Return title/page/chunk -> document."""
    client.indices.refresh(index=index)
    found = client.search(index=index, size=1000, query={"match_all": {}})
    documents = [hit["_source"] for hit in found["hits"]["hits"]]
    return {f"{doc['title']}/{doc.get('page') or doc.get('chunk')}": doc for doc in documents}
