"""Whom the server trusts, and where names lead."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trustme


@pytest.fixture(autouse=True, scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[trustme.CA]:
    """The only authority that is trusted; to load those of the world takes longer."""
    certificates = trustme.CA()
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    certificates.cert_pem.write_to_path(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(path))
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            patch.setenv(name, "http://127.0.0.1:9")
        yield certificates


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Give a name its addresses: each look at it gets the next of them, and is noted."""

    def name(host: str, *addresses: str) -> list[str]:
        looks: list[str] = []
        real = socket.getaddrinfo

        def resolve(asked: Any, port: Any, *rest: Any, **more: Any) -> Any:
            if asked == host:
                looks.append(host)
                asked = addresses[min(len(looks), len(addresses)) - 1]
            return real(asked, port, *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        return looks

    return name
