"""The whole way with security and TLS on, and what people hear who may not do everything."""

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme
from elasticsearch import Elasticsearch

from es_jina.elastic.capabilities import UNKNOWN, Capabilities
from es_jina.elastic.client import Cluster
from es_jina.elastic.node import Node
from es_jina.elastic.running import running_nodes
from tests.cli.shell import Inside
from tests.docker.scripts import role

pytestmark = pytest.mark.xdist_group("embedded-node")

PASSWORD = "a s€cret"  # in UTF-8 on the wire
SETTINGS = {
    "xpack.security.http.ssl.certificate": "http.crt",
    "xpack.security.http.ssl.key": "http.key",
}

# What `reader` and `stranger` may do in the index `docs`, and in the cluster.
ROLES = """
reader:
  cluster: [monitor]
  indices: [{names: ["docs*"], privileges: [read, view_index_metadata]}]
unmonitored:
  indices: [{names: ["docs*"], privileges: [read, view_index_metadata]}]
stranger:
  indices: [{names: ["others"], privileges: [read]}]
"""
USERS = ("reader", "unmonitored", "stranger", "es_jina")


def hashed(password: str) -> str:
    """Return a password as the file realm stores it, by the cheapest of its ways."""
    salt = b"0123456789abcdef"
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 1000, 32)
    return "{PBKDF2}1000$" + "$".join(base64.b64encode(each).decode() for each in (salt, key))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_certs(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture(scope="module")
def secured(
    open_folder: Path,
    real_java: Path,
    authority: trustme.CA,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Node]:
    """A node that speaks https as 127.0.0.1 and knows users of lesser privileges."""
    config = tmp_path_factory.mktemp("config")
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(config / "http.key")
    (config / "http.crt").write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    (config / "roles.yml").write_text(f"{ROLES}es_jina: {role('docs')}\n")
    (config / "users").write_text("".join(f"{user}:{hashed(user * 2)}\n" for user in USERS))
    (config / "users_roles").write_text("".join(f"{user}:{user}\n" for user in USERS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ES_JINA_DATA", str(open_folder / "secured-registry"))
        with Node(
            open_folder / "secured", security_password=PASSWORD, settings=SETTINGS, config=config
        ) as running:
            assert running_nodes() == [running.state]
            yield running


@pytest.fixture(scope="module")
def admin(secured: Node, ca_certs: Path) -> Iterator[Elasticsearch]:
    cluster = Cluster(secured.url, username="elastic", password=PASSWORD, ca_certs=ca_certs)
    with cluster.connect() as client:
        yield client


@pytest.fixture
def es_jina(
    tmp_path: Path,
    secured: Node,
    ca_certs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Inside:
    """Runs commands that know the address and the authority, but no user."""
    monkeypatch.setenv("ES_JINA_CA_CERTS", str(ca_certs))
    return Inside(tmp_path, secured.url, monkeypatch, capfd)


def as_user(name: str) -> tuple[str, ...]:
    return "--username", name, "--password", PASSWORD if name == "elastic" else name * 2


@pytest.fixture
def docs(admin: Elasticsearch, es_jina: Inside, checkpoint: Path, tmp_path: Path) -> Iterator[str]:
    """The name of an index with two documents."""
    (tmp_path / "fox.md").write_text("# The fox\n\nThe quick brown fox jumps.")
    (tmp_path / "dog.md").write_text("# The dog\n\nA lazy dog sleeps.")
    name = "docs"
    es_jina("setup", name, "--model", checkpoint, *as_user("elastic"))
    told = es_jina("ingest", name, "fox.md", "dog.md", "--fast-load", *as_user("elastic"))
    assert "2 units embedded" in told
    yield name
    admin.indices.delete(index=list(admin.indices.get(index=f"{name}-*")))


def test_the_whole_way(docs: str, es_jina: Inside, admin: Elasticsearch) -> None:
    settings = admin.indices.get_settings(index=docs, flat_settings=True)["docs-000001"]["settings"]
    assert "index.refresh_interval" not in settings
    for mode in ("text", "dense", "late", "hybrid"):
        found = json.loads(
            es_jina("search", docs, "fox", "--mode", mode, "--json", *as_user("elastic"))
        )
        assert found["hits"][0]["title"] == "The fox"
    told = es_jina("doctor", *as_user("elastic")).splitlines()
    assert all(line.startswith("ok ") for line in told)
    assert "2 documents" in told[-2]


def test_the_file_says_it_all(
    docs: str,
    es_jina: Inside,
    secured: Node,
    ca_certs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("ES_JINA_URL", "ES_JINA_CA_CERTS"):
        monkeypatch.delenv(name)
    said = {"url": secured.url, "ca_certs": str(ca_certs)}
    said |= {"username": "elastic", "password": PASSWORD}
    file = tmp_path / "es-jina.toml"
    file.write_text("".join(f"{key} = '{value}'\n" for key, value in said.items()), "utf-8")
    monkeypatch.setenv("ES_JINA_CONFIG", str(file))
    assert "The fox" in es_jina("search", docs, "fox", "--mode", "text")


def test_a_reader(docs: str, es_jina: Inside) -> None:
    assert "The fox" in es_jina("search", docs, "the quick brown fox", *as_user("reader"))
    assert "problem" not in es_jina("doctor", docs, *as_user("reader"))
    told = es_jina("ingest", docs, "fox.md", *as_user("reader"), code=4)
    assert "is unauthorized for user [reader]" in told
    assert "give this user a role with the index privilege `" in told


def test_the_user_of_the_docker_stack(docs: str, es_jina: Inside, tmp_path: Path) -> None:
    (tmp_path / "hen.md").write_text("# The hen\n\nA hen lays an egg.")
    told = es_jina("ingest", docs, "hen.md", "fox.md", *as_user("es_jina"))
    assert "1 unit embedded" in told
    assert "The hen" in es_jina("search", docs, "egg", *as_user("es_jina"))
    (tmp_path / "hen.md").unlink()
    told = es_jina("ingest", docs, ".", "--prune", "--yes", *as_user("es_jina"))
    assert "hen.md" in told


def test_who_may_not_monitor(docs: str, es_jina: Inside, secured: Node, ca_certs: Path) -> None:
    user = "unmonitored"
    with Cluster(secured.url, None, user, user * 2, ca_certs).connect() as client:
        found = Capabilities.detect(client)
    assert (found.version, found.licence) == (UNKNOWN, UNKNOWN)
    assert "The fox" in es_jina("search", docs, "the quick brown fox", *as_user(user))
    # What may not be looked at is no problem of the cluster.
    told = es_jina("doctor", docs, *as_user(user)).splitlines()
    assert {line.split()[0] for line in told} == {"ok", "warning"}
    for warning, privilege in (
        ("unknown, for this user may not ask: version, ", "cluster privilege `monitor`"),
        ("unknown, for this user may not ask: base64_d", "index privilege `create_doc` on es-jina"),
        ("disks and heap: this user may not", "cluster privilege `monitor`"),
        ("templates: this user may not", "cluster privilege `manage_index_templates`"),
        ("ingest pipelines: this user may not", "cluster privilege `read_pipeline`"),
        ("health and shards: this user may not", "cluster privilege `monitor`"),
        ("memory and vectors: this user may not", "index privilege `monitor`"),
    ):
        (line,) = [line for line in told if warning in line]
        assert f"next: give this user a role with the {privilege}" in line


def test_a_stranger(docs: str, es_jina: Inside) -> None:
    for command in (["search", docs, "fox"], ["doctor", docs]):
        (line,) = es_jina(*command, *as_user("stranger"), code=4).splitlines()[-1:]
        assert line.startswith("Error: ")
        assert line.endswith(
            "give this user a role with the index privilege `view_index_metadata`, or sign in as "
            "another"
        )


def test_who_is_not_known(es_jina: Inside) -> None:
    assert "sign in with --api-key, or with --username" in es_jina("doctor", code=4)
    for wrong in (("--api-key", "bm9uZTpub25l"), ("--username", "elastic", "--password", "x")):
        told = es_jina("doctor", *wrong, code=4)
        assert "answered 401" in told
        assert "check the API key, or the user name and the password" in told


def test_tls_that_fails(
    es_jina: Inside, secured: Node, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    port = urlsplit(secured.url).port
    # A name that leads to this machine, and is not in the certificate.
    told = es_jina("doctor", "--url", f"https://localhost:{port}", code=4)
    assert "Hostname mismatch" in told
    assert "give an address in --url that is in its certificate" in told

    trustme.CA().cert_pem.write_to_path(tmp_path / "another.pem")
    told = es_jina("doctor", "--ca-certs", "another.pem", code=4)
    assert told.endswith("give its certificate authority, a PEM file, with --ca-certs\n")
    monkeypatch.delenv("ES_JINA_CA_CERTS")
    told = es_jina("doctor", code=4)
    assert told.endswith("give its certificate authority, a PEM file, with --ca-certs\n")

    told = es_jina("doctor", "--url", f"http://127.0.0.1:{port}", code=4)
    assert "closed connection" in told
    assert "give https:// in --url where it has TLS" in told


def test_a_red_index(docs: str, es_jina: Inside, admin: Elasticsearch) -> None:
    admin.indices.rollover(
        alias=docs,
        settings={"index.routing.allocation.require.nowhere": "x"},
        wait_for_active_shards=0,
    )
    user = as_user("elastic")
    told = es_jina("search", "docs-000002", "fox", "--mode", "text", *user, code=4)
    assert "Elasticsearch answered 503" in told
    assert told.endswith("cannot be searched; `es-jina doctor` says more\n")
    assert "health red" in es_jina("doctor", docs, *user, code=1)
