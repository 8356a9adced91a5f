"""A stub of the hosted API on a real socket, and a provider that asks it."""

from collections.abc import Iterator

import pytest
import trustme

from es_jina.providers import limits, patience
from es_jina.providers.hosted import HostedProvider
from es_jina.testing import StubApi


@pytest.fixture(scope="package", autouse=True)
def one_certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """To load all authorities of the world takes longer than most tests."""
    path = tmp_path_factory.mktemp("certificates") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(path))
        yield


@pytest.fixture
def api() -> Iterator[StubApi]:
    with StubApi() as running:
        yield running


@pytest.fixture
def hosted(api: StubApi) -> Iterator[HostedProvider]:
    with HostedProvider(api.key, base_url=api.url) as opened:
        yield opened


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pauses between attempts be short where they are not what is tested."""
    for module in (patience, limits):
        monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.004)
