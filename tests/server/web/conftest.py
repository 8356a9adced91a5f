"""One small index, and a server that serves it."""

import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from es_jina.profile import MultiVectorProfile
from es_jina.providers.local import LocalProvider
from es_jina.server.fetch import Fetcher
from tests.server.indices import Maker, sources
from tests.server.running import Running, running
from tests.server.web.adding import Added, adding, new_index
from tests.server.web.colours import Colours
from tests.server.web.painted_index import painted_folder, painted_index


@pytest.fixture(scope="session")
def searched(
    client: Elasticsearch, provider: LocalProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The name of an index of three texts and a picture."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    Maker(name, provider, sources(tmp_path_factory.mktemp("sources")))(client)
    yield name
    client.indices.delete(index=f"{name}-000001")
    client.indices.delete_index_template(name=f"es-jina-{name}")


@pytest.fixture(scope="session")
def web(client: Elasticsearch, provider: LocalProvider, searched: str) -> Iterator[Running]:
    """A server with that index."""
    with running(provider, client=client, indices=(searched,), examples=("a fox",)) as server:
        yield server


@pytest.fixture(scope="session")
def painted_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures and pages with cells in colours."""
    return painted_folder(tmp_path_factory.mktemp("painted"))


@pytest.fixture(scope="session")
def painted(client: Elasticsearch, painted_files: Path) -> Iterator[str]:
    """The name of an index of them; one file is gone by now."""
    bits = MultiVectorProfile("binary", "bit")
    with painted_index(client, painted_files, bits) as name:
        (painted_files / "gone.png").unlink()
        yield name


@pytest.fixture(scope="session")
def gallery(client: Elasticsearch, painted: str) -> Iterator[Running]:
    """A server with that index, whose model sees colours."""
    with running(Colours(), client=client, indices=(painted,)) as server:
        yield server


@pytest.fixture(scope="session")
def here(
    client: Elasticsearch, provider: LocalProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Added]:
    """A server that files may be added to; it fetches from this machine too."""
    folder = tmp_path_factory.mktemp("data") / "uploads"
    with new_index(client, provider) as index, pytest.MonkeyPatch.context() as patch:
        allowing = partial(Fetcher, allowed=lambda _: True)
        patch.setattr("es_jina.server.serving.Fetcher", allowing)
        with adding(client, provider, index, folder, allow_image_urls=True) as added:
            patch.undo()
            yield added
