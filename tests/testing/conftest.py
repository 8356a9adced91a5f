from collections.abc import Iterator

import pytest

from es_jina.testing import StubApi


@pytest.fixture
def api() -> Iterator[StubApi]:
    with StubApi() as running:
        yield running
