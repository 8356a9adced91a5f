"""Proxies, certificates, connections: what the environment says of the network."""

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from es_jina.errors import ProviderError
from es_jina.providers.base import Want
from es_jina.providers.encodings import EmbeddingType
from es_jina.providers.hosted import HostedProvider
from es_jina.testing import HangUp, StubApi

from .asking import BOTH, TASK, assert_singles, failures, texts

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def closed() -> Iterator[str]:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{free.getsockname()[1]}"


def test_a_proxy_is_asked_for_the_whole_address(
    api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", api.url)
    with HostedProvider(api.key, base_url="http://embeddings.example.org:8080/") as provider:
        assert_singles(provider.embed(texts(1), TASK, Want.SINGLE), ["text 0"])
    assert api.requests[0].headers["host"] == "embeddings.example.org:8080"


def test_no_proxy(api: StubApi, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", closed)
    with (
        HostedProvider(api.key, base_url=api.url, patience=0) as provider,
        pytest.raises(ProviderError, match="cannot be reached"),
    ):
        provider.embed(texts(1), TASK, Want.SINGLE)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with HostedProvider(api.key, base_url=api.url) as provider:
        assert_singles(provider.embed(texts(1), TASK, Want.SINGLE), ["text 0"])


def test_a_proxy_that_cannot_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "gopher://proxy")
    with pytest.raises(ProviderError, match="the proxy or the certificates") as caught:
        HostedProvider("jina_x")
    assert "\n" not in str(caught.value)


@pytest.fixture
def secured(api: StubApi, tmp_path: Path) -> tuple[str, Path]:
    """The stub behind TLS: its address, and the certificate of the CA that it is signed by."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = api._running
    server.socket = context.wrap_socket(server.socket, server_side=True)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return api.url.replace("http:", "https:"), tmp_path / "ca.pem"


def test_a_ca_of_ones_own(
    api: StubApi, secured: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, certificate = secured
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with HostedProvider(api.key, base_url=url) as provider:
        assert_singles(provider.embed(texts(1), TASK, Want.SINGLE), ["text 0"])


def test_a_certificate_that_is_not_trusted_ends_the_call_at_once(
    api: StubApi, secured: tuple[str, Path]
) -> None:
    url, _ = secured
    began = time.monotonic()
    with (
        HostedProvider(api.key, base_url=url) as provider,
        pytest.raises(ProviderError, match=r"CERTIFICATE_VERIFY_FAILED.*SSL_CERT_FILE") as caught,
    ):
        provider.embed(texts(1), TASK, Want.SINGLE)
    assert "\n" not in str(caught.value)
    assert caught.value.passing is False
    assert time.monotonic() - began < 3
    assert api.requests == []


def test_a_file_of_certificates_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    with pytest.raises(ProviderError, match=r"No such file or directory; check .*SSL_CERT_FILE"):
        HostedProvider("jina_x")


def test_connections_are_used_again(api: StubApi, hosted: HostedProvider) -> None:
    for _ in range(20):
        hosted.embed(texts(1), TASK, Want.SINGLE)
    assert api.connections == 1
    for _ in range(20):
        hosted.embed(texts(1), TASK, BOTH)
    assert api.connections == 2


@pytest.mark.usefixtures("quick")
def test_a_connection_that_went_away_is_replaced(api: StubApi, hosted: HostedProvider) -> None:
    hosted.embed(texts(1), TASK, Want.SINGLE)
    api.queue(HangUp())
    assert failures(hosted.embed(texts(1), TASK, Want.SINGLE)) == []
    assert api.connections == 2


@pytest.mark.parametrize(
    ("embedding_type", "compressed"), [("base64", False), ("float", True), ("ubinary", True)]
)
def test_answers_are_compressed_where_it_pays(
    api: StubApi, embedding_type: EmbeddingType, compressed: bool
) -> None:
    with HostedProvider(api.key, base_url=api.url, embedding_type=embedding_type) as provider:
        provider.embed(texts(1), TASK, Want.SINGLE)
    accepted = api.requests[0].headers["accept-encoding"]
    assert ("gzip" in accepted) is compressed
    assert (accepted == "identity") is not compressed
