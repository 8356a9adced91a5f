"""A small index, filled as users fill theirs."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from PIL import Image as PilImage

from es_jina.dense import ElementType, dense_profiles
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.ingest.run import Ingest
from es_jina.ingest.targets import Setting, Targets
from es_jina.profile import IndexProfile, MultiVectorProfile, Store
from es_jina.providers import open_tokenizer, profile_for
from es_jina.providers.local import LocalProvider


def sources(made: Path) -> Path:
    """Write three texts and a picture into a folder."""
    texts = {
        "fox": "The quick brown fox jumps.",
        "dog": "A lazy dog sleeps all day.",
        "sun": "Strom aus der Sonne.",
    }
    for name, text in texts.items():
        (made / f"{name}.md").write_text(f"# About {name}\n\n{text}")
    PilImage.new("RGB", (60, 40), "teal").save(made / "teal.png")
    return made


@dataclass(frozen=True)
class Maker:
    """Makes an index and ingests the folder."""

    index: str
    provider: LocalProvider
    folder: Path

    def __call__(
        self,
        client: Elasticsearch,
        store: Store = "binary",
        element_type: ElementType = "float",
        pool_factor: int = 1,
        **more: Any,
    ) -> IndexProfile:
        multi = MultiVectorProfile(store, element_type, pool_factor=pool_factor)
        profile = profile_for(self.provider.model, dense=dense_profiles(128))
        profile = replace(profile, multi_vector=multi, **more)
        able = Capabilities.detect(client)
        set_up(client, self.index, profile, able)
        run = Ingest(
            client,
            self.index,
            profile,
            able,
            open_provider=lambda: self.provider,
            open_tokenizer=lambda: open_tokenizer("local", profile.model),
        )
        report = run.run(Targets([str(self.folder)], Setting(client, self.folder)))
        assert (report.embedded, report.failures) == (4, [])
        return profile
