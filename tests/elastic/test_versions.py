"""The whole way on releases before the one that is started by default."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from elasticsearch import BadRequestError, Elasticsearch
from PIL import Image as PilImage

from es_jina.dense import DenseProfile, dense_profiles
from es_jina.elastic import probes
from es_jina.elastic.assets import require_profile
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import Cluster
from es_jina.elastic.convert import Conversion
from es_jina.elastic.doctor import examine_cluster, examine_indices
from es_jina.elastic.node import Node
from es_jina.elastic.setup import set_up
from es_jina.elastic.vectors import dense_value
from es_jina.errors import RequestError
from es_jina.ingest.run import Ingest
from es_jina.ingest.targets import Setting, Targets
from es_jina.inputs import Image, Text
from es_jina.profile import IndexProfile, MultiVectorProfile, Store
from es_jina.providers import open_tokenizer, profile_for
from es_jina.providers.local import LocalProvider
from es_jina.search.searcher import Searcher
from tests.elastic.convertible import content, fill, fitting, multi_vectors
from tests.elastic.rank_vectors_double import RankVectorsDouble
from tests.search.same_order import EXPECTED, orders

SMALL = (DenseProfile.of(128, None, "byte"), DenseProfile.of(256, None, "bit"))
# 9.2 does not ask for the licence that it needs; 9.5 refuses such documents on every other one.
ON_DISK = DenseProfile.of(512, "bbq_disk")

pytestmark = [pytest.mark.xdist_group("embedded-node"), pytest.mark.usefixtures("real_java")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "fox.md").write_text("# The fox\n\nThe quick brown fox jumps.")
    (tmp_path / "dog.md").write_text("# The dog\n\nIt sleeps.")
    PilImage.new("RGB", (60, 40), "teal").save(tmp_path / "teal.png")
    return tmp_path


@pytest.mark.parametrize("version", ["9.2.0", "8.19.0"])
def test_the_whole_way(
    version: str,
    open_folder: Path,
    folder: Path,
    provider: LocalProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ES_JINA_DATA", str(open_folder / f"registry-{version}"))
    profile = profile_for(provider.model, dense=dense_profiles(128, 256))
    with (
        Node(open_folder / f"node-{version}", version=version) as node,
        Cluster(node.url).connect() as client,
    ):
        capabilities = Capabilities.detect(client)
        assert (capabilities.version, capabilities.licence) == (version, "basic")
        # Neither reads base64 vectors, so that what follows was sent as lists.
        assert (capabilities.base64_documents, capabilities.base64_queries) == (False, False)
        assert (capabilities.rank_vectors, capabilities.bfloat16) == (False, False)
        assert (capabilities.rrf, capabilities.rescorer) == (False, True)
        # 9.2 has bbq_disk, but not under this licence.
        fields = probes.vector_fields(client)
        assert (fields["bbq_disk"], capabilities.bbq_disk) == (version == "9.2.0", False)
        _set_up(client, profile, capabilities)

        for embedded in (3, 0):
            ingest = Ingest(
                client,
                "docs",
                profile,
                capabilities,
                open_provider=lambda: provider,
                open_tokenizer=lambda: open_tokenizer("local", profile.model),
            )
            report = ingest.run(Targets([str(folder)], Setting(client, folder)))
            assert (report.embedded, report.failures) == (embedded, [])

        found = [
            *examine_cluster(client, capabilities),
            *examine_indices(client, capabilities, "docs"),
        ]
        assert {finding.level for finding in found} == {"ok"}

        _search(Searcher(client, "docs", profile, capabilities, provider), folder)
        # As on 9.5: tests/search/test_same_order.py.
        assert orders(client, capabilities, "orders") == EXPECTED
        if version == "8.19.0":
            _check_media_type(node)
        _convert(node)


def _set_up(client: Elasticsearch, profile: IndexProfile, capabilities: Capabilities) -> None:
    assert set_up(client, "docs", profile, capabilities).created
    again = set_up(client, "docs", profile, capabilities)
    assert not again.created
    # Every release gives our templates back in a form that we know again.
    assert {change.state for change in again.changes} == {"same"}
    assert require_profile(client, "docs") == profile
    ranked = replace(profile, multi_vector=MultiVectorProfile("rank_vectors", "byte"))
    with pytest.raises(RequestError, match=f"Elasticsearch {capabilities.version}.*rank_vectors"):
        set_up(client, "ranked", ranked, capabilities)
    halves = replace(profile, dense=(DenseProfile.of(256, "hnsw", "bfloat16"),))
    with pytest.raises(RequestError, match=r"does not take emb.* as bfloat16 with"):
        set_up(client, "halves", halves, capabilities)
    licensed = replace(capabilities, licence="enterprise")
    dense = SMALL if capabilities.version == "8.19.0" else (*SMALL, ON_DISK)
    _check_dense(client, replace(profile, dense=dense), licensed)
    if capabilities.version == "8.19.0":
        with pytest.raises(RequestError, match=r"8\.19\.0\) does not take emb.*bbq_disk"):
            set_up(
                client,
                "disk",
                replace(profile, dense=(DenseProfile.of(256, "bbq_disk"),)),
                licensed,
            )


def _convert(node: Node) -> None:
    """There and back, with vectors as lists and hexadecimal; 8.19 keeps them in _source."""
    with RankVectorsDouble(node.url) as double, Cluster(double.url).connect() as client:
        able = Capabilities.detect(client)
        assert able.rank_vectors
        fill(client, "moved", fitting("binary", "byte"), able)
        was = [content(client, "moved"), multi_vectors(client, "moved", "byte")]
        stores: tuple[Store, ...] = ("rank_vectors", "binary")
        for store in stores:
            done = Conversion(client, "moved", store, able).run()
            assert done is not None
            assert (done.documents, done.multi_vectors) == (30, 28)
            assert require_profile(client, "moved") == fitting(store, "byte")
        now = [content(client, "moved"), multi_vectors(client, "moved", "byte")]
        np.testing.assert_equal(now, was)


def _check_dense(client: Elasticsearch, profile: IndexProfile, capabilities: Capabilities) -> None:
    """Store and find; bytes and bits travel in hexadecimal, in documents and in queries."""
    set_up(client, "dense", profile, capabilities)
    vectors = np.eye(2, 512, dtype=np.float32) - 0.01
    for number, vector in enumerate(vectors):
        document = {
            field.field: dense_value(vector, field, base64_allowed=False) for field in profile.dense
        }
        client.index(index="dense", id=str(number), document=document, refresh=True)
    for field in profile.dense:
        query = dense_value(vectors[1], field, base64_allowed=False)
        knn = {"field": field.field, "query_vector": query, "k": 1, "num_candidates": 9}
        assert client.search(index="dense", knn=knn)["hits"]["hits"][0]["_id"] == "1"


def _check_media_type(node: Node) -> None:
    """What a client of the next major release says by default is not understood here."""
    with Elasticsearch(node.url) as plain, pytest.raises(BadRequestError, match="media_type"):
        plain.search(index="docs")


def _search(searcher: Searcher, folder: Path) -> None:
    assert [hit.title for hit in searcher.search(Text("fox"), "text").hits] == ["The fox"]
    for mode in ("dense", "late", "hybrid"):
        results = searcher.search(Text("the quick brown fox"), mode)
        assert {hit.title for hit in results.hits} == {"The fox", "The dog", "teal"}
        assert results.reranked == (mode != "dense")
        scores = [hit.score for hit in results.hits]
        assert scores == sorted(scores, reverse=True)
        assert all(np.isfinite(scores))
    picture = Image(folder / "teal.png")
    assert searcher.search(picture, "dense").hits[0].title == "teal"
