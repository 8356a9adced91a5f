"""A server of the model, in the hosted API's format, for inference endpoints to ask."""

from collections.abc import Iterator
from typing import Any

import pytest

from es_jina.testing import StubApi


@pytest.fixture
def stub() -> Iterator[StubApi]:
    """A stub that takes our own server's fields, too, and keeps the order as that does."""
    with StubApi(strict=False) as api:
        api.change = _in_order
        yield api


@pytest.fixture
def server_url(stub: StubApi) -> str:
    """Where the server is."""
    return stub.url


@pytest.fixture
def server_key(stub: StubApi) -> str:
    """What opens it."""
    return stub.key


def _in_order(answer: dict[str, Any]) -> None:
    answer["data"].sort(key=lambda item: item["index"])
