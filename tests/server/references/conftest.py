"""Indices whose documents are named."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from es_jina.providers.local import LocalProvider
from tests.server.indices import Maker, sources
from tests.server.references.asking import Shared, searched


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sources(tmp_path_factory.mktemp("folder"))


@pytest.fixture
def make(index: str, provider: LocalProvider, folder: Path) -> Maker:
    """Makes the test's index."""
    return Maker(index, provider, folder)


@pytest.fixture(scope="module")
def shared(client: Elasticsearch, provider: LocalProvider, folder: Path) -> Iterator[Shared]:
    index = f"test-{uuid.uuid4().hex[:10]}"
    profile = Maker(index, provider, folder)(client)
    yield Shared(index, searched(client, index, profile, provider))
    client.indices.delete(index=f"{index}-000001")
    client.indices.delete_index_template(name=f"es-jina-{index}")
