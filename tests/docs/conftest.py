"""What the documents speak of: a model, an API, a server elsewhere, a web page, other indices."""

import functools
import http.server
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from es_jina.demo.checkpoint import Shape, make_checkpoint
from es_jina.elastic.client import Cluster
from es_jina.elastic.node import Node
from es_jina.paths import cache_folder
from es_jina.providers.checkpoints import HUB_REVISION
from es_jina.testing import KEY, StubApi
from tests.conftest import TEXTS

from .blocks import ROOT
from .desk import Desk

# As many dims as the real model, and so little else that a command takes no time.
SHAPE = Shape(
    hidden=2048, layers=1, heads=16, kv_heads=1, ffn=64, vision_depth=2, vocabulary=600,
    dtype="bfloat16",
)  # fmt: skip
ARTICLES = ("articles", "products-2024")


@pytest.fixture(scope="session")
def node(open_folder: Path, real_java: Path) -> Iterator[Node]:
    """A node of the documents' own, where `es-jina doctor` sees no indices but theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ES_JINA_DATA", str(open_folder / "documents-registry"))
        with Node(open_folder / "documents-node") as running:
            yield running


@pytest.fixture(scope="session")
def client(node: Node) -> Iterator[Elasticsearch]:
    """A client of that node."""
    with Cluster(node.url).connect() as connected:
        yield connected


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A local Hugging Face cache which holds a tiny jinaai/jina-embeddings-v4."""
    home = tmp_path_factory.mktemp("hub")
    model = home / "hub/models--jinaai--jina-embeddings-v4"
    make_checkpoint(model / "snapshots" / HUB_REVISION, TEXTS * 4, SHAPE)
    (model / "refs").mkdir()
    (model / "refs/main").write_text(HUB_REVISION)
    return home


@pytest.fixture(scope="session")
def api() -> Iterator[StubApi]:
    """What answers for the hosted API."""
    with StubApi() as stub:
        yield stub


@pytest.fixture(scope="session")
def warm(hub: Path, api: StubApi, open_folder: Path) -> Iterator[dict[str, str]]:
    """The process that commands are forks of; the environment that they need for it."""
    place = open_folder / "warm"
    environment = {
        **os.environ,
        "HF_HOME": str(hub),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",  # a GPU cannot be shared with a fork
        "COLUMNS": "120",
        "DOCS_WARM": str(place),
        "ES_JINA_CACHE": str(cache_folder()),
    }
    for name in ("ES_JINA_CONFIG", "ES_JINA_URL", "JINA_API_KEY", "XDG_CONFIG_HOME"):
        environment.pop(name, None)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.docs.warm", str(place), api.url],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield environment
    process.terminate()
    process.communicate()


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web page, and the address of its folder."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "page.html").write_text("<h1>Coffee</h1><p>Coffee prices rose by a fifth.</p>")
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def bare_desk(
    warm: dict[str, str], api: StubApi, page: str, open_folder: Path, tmp_path: Path
) -> Iterator[Desk]:
    """A desk without an Elasticsearch."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    stand_ins = {
        "JINA_API_KEY=...": f"JINA_API_KEY={KEY}",
        "http://127.0.0.1:8080": f"http://127.0.0.1:{port}",
        "https://gpu:8443": f"http://127.0.0.1:{port}",
        "https://gpu.example.org:8080": api.url,
        "http://gpu-box:8080": api.url,
        "https://example.org": page,
    }
    # Elasticsearch's own user must be able to walk there.
    desk = Desk(open_folder / tmp_path.name, warm | {"DOCS_PORT": str(port)}, stand_ins)
    yield desk
    desk.close()


@pytest.fixture
def desk(bare_desk: Desk, node: Node, client: Elasticsearch) -> Iterator[Desk]:
    """A desk with an Elasticsearch, in which there are a few indices already."""
    bare_desk.stand_in("http://127.0.0.1:9200", node.url)
    bare_desk.environment["ES_JINA_URL"] = node.url
    # `es-jina node start` finds that it runs, and `es-jina node stop` none that it may stop.
    Path(bare_desk.environment["ES_JINA_DATA"], f"node-{node.version}").symlink_to(node.folder)
    before = _made(client)
    for name in ARTICLES:
        article = {"body": "A heat pump", "description": "A teapot", "lang": "en", "in_stock": True}
        client.index(index=name, document=article, refresh=True)
    yield bare_desk
    bare_desk.close()
    indices, templates = (now - then for now, then in zip(_made(client), before, strict=True))
    for name in indices:
        client.indices.delete(index=name)
    for name in templates:
        client.indices.delete_index_template(name=name)


def _made(client: Elasticsearch) -> tuple[set[str], set[str]]:
    """Return the indices and the index templates that are there."""
    templates = client.indices.get_index_template()["index_templates"]
    return set(client.indices.get(index="*")), {each["name"] for each in templates}
