"""One server for all tests of a worker."""

from collections.abc import Iterator

import pytest

from es_jina.providers.local import LocalProvider
from tests.server.running import Running, running


@pytest.fixture(scope="session")
def served(provider: LocalProvider) -> Iterator[Running]:
    """The tiny checkpoint, served to everybody."""
    with running(provider) as server:
        yield server


@pytest.fixture(scope="session")
def server_url(served: Running) -> str:
    """Where it is served."""
    return served.url
