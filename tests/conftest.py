"""What the tests share: one tiny checkpoint, one model and one real Elasticsearch a worker."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch
from hypothesis import settings

from es_jina.demo.checkpoint import Shape, make_checkpoint
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import Cluster
from es_jina.elastic.java import find_java
from es_jina.elastic.node import NOBODY, Node
from es_jina.providers.local import LocalProvider
from tests.elastic.quick_java import quick_java
from tests.elastic.rank_vectors_double import RankVectorsDouble

# A busy machine is no failure.
settings.register_profile("es_jina", deadline=None)
settings.load_profile("es_jina")

TEXTS = ["the quick brown fox jumps over the lazy dog", "Strom aus der Sonne, el café, 日本語"]
DATA = Path(__file__).parent / "data"
GOLDEN = DATA / "jina-v4-tiny"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Send tests that share a node, or the browser, to one worker that starts it.

    There are two nodes to share, so that no worker has most of the tests.
    """
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "node" in fixtures:  # with a browser or without: a node is slower to start
            room = item.path.relative_to(Path(__file__).parent).parts[0]
            group = "commands" if room in ("cli", "ingest", "server") else "library"
            item.add_marker(pytest.mark.xdist_group(f"node-of-{group}"))
        elif "browser" in fixtures:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session", autouse=True)
def no_config_file() -> Iterator[None]:
    """Keep the configuration of the person who runs the tests out of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ES_JINA_CONFIG", os.devnull)
        yield


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny untrained checkpoint that can read text and pictures."""
    return make_checkpoint(tmp_path_factory.mktemp("model") / "checkpoint", TEXTS * 4)


@pytest.fixture(scope="session")
def provider(checkpoint: Path) -> LocalProvider:
    """The tiny checkpoint, loaded."""
    return LocalProvider(str(checkpoint), device="cpu")


@pytest.fixture(scope="session")
def narrow_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An even smaller checkpoint, for texts as long as the model reads: an eighth of the work."""
    shape = Shape(hidden=64, layers=1, heads=1, kv_heads=1)
    return make_checkpoint(tmp_path_factory.mktemp("narrow") / "checkpoint", TEXTS * 4, shape)


@pytest.fixture(scope="session")
def narrow_provider(narrow_checkpoint: Path) -> LocalProvider:
    """The narrow checkpoint, loaded."""
    return LocalProvider(str(narrow_checkpoint), device="cpu")


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that an unprivileged user can walk to; pytest's own are closed when we are root."""
    folder = Path(tempfile.mkdtemp(prefix="es-jina-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def real_java(open_folder: Path) -> Iterator[Path]:
    """The home of this machine's Java; nodes are started with one that is quicker to start."""
    real = find_java(NOBODY if os.geteuid() == 0 else None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ES_JAVA_HOME", str(quick_java(real, open_folder / "java")))
        yield real


@pytest.fixture(scope="session")
def node(open_folder: Path, real_java: Path) -> Iterator[Node]:
    """A real Elasticsearch."""
    with pytest.MonkeyPatch.context() as patch:
        # Its own registry: a node of the person who runs the tests is none of ours.
        patch.setenv("ES_JINA_DATA", str(open_folder / "registry"))
        with Node(open_folder / "node") as running:
            yield running


@pytest.fixture(scope="session")
def client(node: Node) -> Iterator[Elasticsearch]:
    """A client of the shared node."""
    with Cluster(node.url).connect() as connected:
        yield connected


@pytest.fixture(scope="session")
def capabilities(client: Elasticsearch) -> Capabilities:
    """What the shared node can do."""
    return Capabilities.detect(client)


@pytest.fixture
def index(client: Elasticsearch) -> Iterator[str]:
    """A name that no other test uses; what is made under it goes away."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    yield name
    for made in client.indices.get_settings(index=f"{name}-0*", name="index.uuid"):
        client.indices.delete(index=made)
    client.options(ignore_status=404).indices.delete_index_template(name=f"es-jina-{name}")


@pytest.fixture
def double(node: Node) -> Iterator[RankVectorsDouble]:
    """An Elasticsearch with rank_vectors and an Enterprise licence, in front of the shared node."""
    with RankVectorsDouble(node.url) as running:
        yield running


@pytest.fixture
def ranked(double: RankVectorsDouble) -> Iterator[Elasticsearch]:
    """A client of the double."""
    with Cluster(double.url).connect() as connected:
        yield connected
