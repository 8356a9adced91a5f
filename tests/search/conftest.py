from collections.abc import Sequence
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.dense import dense_profiles
from es_jina.elastic.bulk import Action, BulkWriter
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.inputs import Image, Text
from es_jina.profile import IndexProfile
from es_jina.providers import profile_for
from es_jina.providers.local import LocalProvider
from es_jina.search.searcher import Searcher
from tests.search.corpus import TEXTS, Build, document, embed, teal


@pytest.fixture(scope="session")
def documents(provider: LocalProvider, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The texts and a picture, embedded once."""
    picture = Image(teal(tmp_path_factory.mktemp("pictures")))
    vectors = embed(provider, [*(Text(text) for text in TEXTS.values()), picture])
    described = [(ident, "text", text) for ident, text in TEXTS.items()] + [("teal", "image", "")]
    return [(*told, embedding) for told, embedding in zip(described, vectors, strict=True)]


@pytest.fixture
def profile(provider: LocalProvider) -> IndexProfile:
    return profile_for(provider.model, dense=dense_profiles(128, 256))


@pytest.fixture
def build(
    client: Elasticsearch,
    capabilities: Capabilities,
    index: str,
    provider: LocalProvider,
    profile: IndexProfile,
    documents: Any,
) -> Build:
    """Make the test's index, fill it, and return its searcher."""

    def make(
        made_for: IndexProfile = profile,
        *,
        without_multi: Sequence[str] = (),
        more: Sequence[Action] = (),
    ) -> Searcher:
        set_up(client, index, made_for, capabilities)
        actions = [Action(told[0], document(told, made_for)) for told in documents]
        for action in actions:
            if action.id in without_multi and action.document is not None:
                del action.document["multi_vector"]
        outcomes = list(BulkWriter(client, index).write([*actions, *more]))
        assert [outcome for outcome in outcomes if outcome.error] == []
        client.indices.refresh(index=index)
        return Searcher(client, index, made_for, capabilities, provider)

    return make
