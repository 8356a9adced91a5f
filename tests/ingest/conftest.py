from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from es_jina.dense import dense_profiles
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.profile import IndexProfile
from es_jina.providers import profile_for
from es_jina.providers.local import LocalProvider

from .engine import Counting, Runner
from .files import pdf, picture


@pytest.fixture
def counting(provider: LocalProvider) -> Counting:
    return Counting(provider)


@pytest.fixture
def profile(provider: LocalProvider) -> IndexProfile:
    return profile_for(provider.model, dense=dense_profiles(128, 256))


@pytest.fixture
def run(
    client: Elasticsearch,
    capabilities: Capabilities,
    index: str,
    profile: IndexProfile,
    counting: Counting,
    tmp_path: Path,
) -> Runner:
    set_up(client, index, profile, capabilities)
    return Runner(client, index, profile, capabilities, counting, tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one document of each kind."""
    root = tmp_path / "in"
    root.mkdir()
    (root / "fox.md").write_text("# The fox\n\nThe quick brown fox.")
    picture(root / "teal-square.png")
    pdf(root / "report.pdf", "first page", "second page", title="The report")
    return root
