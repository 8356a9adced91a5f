"""The server behind TLS."""

import ssl
from pathlib import Path

import httpx
import pytest
import trustme

from es_jina.providers.local import LocalProvider
from es_jina.server.binding import tls_arguments
from tests.server.running import running

BODY = {"model": "jina-embeddings-v4", "input": "rain"}


def test_clients_that_trust_its_authority_are_served(
    provider: LocalProvider, tmp_path: Path
) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    certificate.cert_chain_pems[0].write_to_path(chain)
    certificate.private_key_pem.write_to_path(key)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with running(provider, tls=tls_arguments(chain, key), verify=trusting) as served:
        assert served.url.startswith("https://")
        assert served.post("/v1/embeddings", BODY).status_code == 200
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            httpx.get(f"{served.url}/health")
        plain = served.url.replace("https", "http")
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"{plain}/health")
