from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from es_jina.errors import RequestError
from es_jina.server.binding import check_binding, is_loopback, served_hosts, tls_arguments

LOCAL = ["127.0.0.1", "127.1.2.3", "::1", "localhost", "LocalHost"]
OTHERS = ["0.0.0.0", "::", "", "192.168.1.5", "1.1.1.1", "example.org", "localhost.example.org"]


@pytest.mark.parametrize("host", LOCAL)
def test_on_this_machine_no_key_is_needed(host: str) -> None:
    assert is_loopback(host)
    check_binding(host, keys=False, no_auth=False)


@pytest.mark.parametrize("host", OTHERS)
def test_elsewhere_a_key_is_needed_or_a_word(host: str) -> None:
    assert not is_loopback(host)
    check_binding(host, keys=True, no_auth=False)
    check_binding(host, keys=False, no_auth=True)
    with pytest.raises(RequestError, match=r"es-jina key NAME.*--tls-cert.*or say --no-auth$"):
        check_binding(host, keys=False, no_auth=False)


def test_keys_and_no_auth_exclude_each_other() -> None:
    with pytest.raises(RequestError, match="leave one"):
        check_binding("127.0.0.1", keys=True, no_auth=True)


@pytest.mark.parametrize(
    ("host", "named", "keys", "served"),
    [
        ("127.0.0.1", [], False, ("127.0.0.1",)),
        ("127.0.0.2", [], False, ("127.0.0.2",)),
        ("0:0:0:0:0:0:0:1", [], False, ("[::1]",)),
        ("localhost", ["a.test"], False, ("a.test", "localhost")),
        ("127.0.0.1", [], True, None),
        ("127.0.0.1", ["a.test"], True, ("a.test", "127.0.0.1")),
        ("0.0.0.0", [], False, None),
        ("0.0.0.0", ["a.test", "fe80::1"], False, ("a.test", "[fe80::1]", "0.0.0.0")),
        ("::", ["a.test"], True, ("a.test", "[::]")),
        ("", [], False, None),
        ("", ["a.test"], False, ("a.test",)),
    ],
)
def test_hosts_that_are_served(
    host: str, named: list[str], keys: bool, served: tuple[str, ...] | None
) -> None:
    assert served_hosts(host, named, keys=keys) == served


class Files:
    """A certificate, its key, and what else may be named in their place."""

    def __init__(self, folder: Path) -> None:
        issued = trustme.CA().issue_cert("server.test")
        self.certificate, self.key, self.both = (folder / name for name in ("crt", "key", "both"))
        self.other, self.locked, self.text = (folder / name for name in ("other", "locked", "text"))
        issued.cert_chain_pems[0].write_to_path(self.certificate)
        issued.private_key_pem.write_to_path(self.key)
        issued.private_key_and_cert_chain_pem.write_to_path(self.both)
        trustme.CA().issue_cert("server.test").private_key_pem.write_to_path(self.other)
        self.locked.write_bytes(
            serialization.load_pem_private_key(self.key.read_bytes(), None).private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"x"),
            )
        )
        self.text.write_text("Hello\n")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("tls"))


def test_certificates_that_can_be_used(files: Files) -> None:
    assert tls_arguments(None, None) == {}
    assert tls_arguments(files.both, None) == {"ssl_certfile": str(files.both)}
    assert tls_arguments(files.certificate, files.key) == {
        "ssl_certfile": str(files.certificate),
        "ssl_keyfile": str(files.key),
    }


@pytest.mark.parametrize(
    ("certificate", "key", "message"),
    [
        (None, "key", "--tls-key needs the certificate"),
        ("missing", "key", r"--tls-cert .*missing: cannot be read: No such file"),
        ("certificate", "missing", r"--tls-key .*missing: cannot be read: No such file"),
        ("certificate", "folder", r"--tls-key .*: cannot be read: Is a directory"),
        ("certificate", "other", "the key is not the certificate's"),
        ("certificate", None, "is named by --tls-key"),
        ("text", "key", "in PEM form"),
        ("key", "certificate", "in PEM form"),
        ("certificate", "text", "in PEM form"),
        ("certificate", "locked", "the private key has a passphrase"),
    ],
)
def test_certificates_that_cannot(
    certificate: str | None, key: str | None, message: str, files: Files, tmp_path: Path
) -> None:
    special = {"missing": tmp_path / "missing", "folder": tmp_path}
    named = [
        None if name is None else special.get(name) or getattr(files, name)
        for name in (certificate, key)
    ]
    with pytest.raises(RequestError, match=message) as caught:
        tls_arguments(*named)
    assert "\n" not in str(caught.value)
