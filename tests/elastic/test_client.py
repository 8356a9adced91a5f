import base64
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import ApiError

from es_jina.elastic.client import Cluster, cluster_errors, reason
from es_jina.elastic.patience import patient
from es_jina.errors import ClusterError

INNER = {"type": "parse_exception", "reason": "Cannot parse:\n  here"}
OUTER = {"type": "query_shard_exception", "reason": "Failed"}


def refusal(error: Any, status: int = 400) -> ApiError:
    node = NodeConfig("http", "127.0.0.1", 9200)
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.0, node)
    return ApiError("refused", meta, {"error": error})


def shards(reason: Any, **others: Any) -> dict[str, Any]:
    return {
        "type": "search_phase_execution_exception",
        "reason": "all shards failed",
        "failed_shards": [{"shard": 0, "reason": reason}],
        **others,
    }


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("a text", "a text"),
        (None, "refused"),
        ({"type": "x", "reason": "plain", "root_cause": [{"reason": "plain"}]}, "plain"),
        ({"type": "x"}, "x"),
        (OUTER | {"caused_by": INNER}, "Failed: Cannot parse: here"),
        (shards(OUTER | {"caused_by": INNER}), "Failed: Cannot parse: here"),
        (shards(OUTER, caused_by=INNER | {"caused_by": INNER}), "Cannot parse: here"),
        ({"type": "x", "root_cause": [OUTER]}, "x: Failed"),
        (shards("odd"), "all shards failed"),
        ({"type": "search_phase_execution_exception", "reason": "failed"}, "failed"),
    ],
)
def test_the_innermost_reason_is_told_once(error: Any, told: str) -> None:
    assert reason(refusal(error)) == f"400: {told}"


def told_by(cluster: Cluster) -> str:
    """Return in what words a cluster is not to be had."""
    with pytest.raises(ClusterError) as raised:
        cluster.connect()
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_cloud_id_leads_to_its_deployment() -> None:
    # As the cloud writes it: a name, then domain, Elasticsearch and Kibana in base64.
    encoded = base64.b64encode(b"eu-west.example.org:9243$es-id$kibana-id").decode()
    with Cluster(cloud_id=f"My_deployment:{encoded}").connect() as client:
        assert client.transport.node_pool.get().base_url == "https://es-id.eu-west.example.org:9243"


@pytest.mark.parametrize(
    "encoded", ["", "x", "not base64", "JCQ=", base64.b64encode(b"example.org$").decode()]
)
def test_a_cloud_id_that_is_none(encoded: str) -> None:
    told = told_by(Cluster(cloud_id=f"name:{encoded}"))
    assert told.startswith(f"the cloud id 'name:{encoded}', to be copied from")


def test_what_excludes_each_other() -> None:
    for cluster in (Cluster(), Cluster("http://a:1", cloud_id="x")):
        assert "either a url or a cloud_id" in told_by(cluster)
    assert "either with an API key or as a user" in told_by(Cluster("http://a:1", "k", "alice"))


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(Cluster("http://a:1", "secret", None, "secret"))
    told = told_by(Cluster("http://alice:secret@host"))
    assert told.startswith("'http://host': URL must include")


def test_an_authority_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    cluster = Cluster("https://a:1", ca_certs=path)
    assert "No such file" in told_by(cluster)
    path.write_text("hello")
    assert "give a PEM file" in told_by(cluster)
    path.write_text("-----BEGIN CERTIFICATE-----\nhello\n-----END CERTIFICATE-----\n")
    assert "give a PEM file" in told_by(cluster)
    assert "give https:// in --url, or leave out" in told_by(replace(cluster, url="http://a:1"))


@contextmanager
def tls_server(issued: trustme.LeafCert) -> Iterator[int]:
    """Speak TLS to one caller, as far as that caller likes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError), server.accept()[0] as caller:
                context.wrap_socket(caller, server_side=True).close()

        with ThreadPoolExecutor() as pool:
            served = pool.submit(serve)
            yield server.getsockname()[1]
            served.result(10)


def never(_: float) -> None:
    pytest.fail("a wrong certificate does not pass by itself")


def test_a_certificate_that_has_expired(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    past = datetime(2020, 1, 1, tzinfo=UTC)
    issued = authority.issue_cert("127.0.0.1", not_before=past, not_after=past + timedelta(days=1))
    with tls_server(issued) as port:
        cluster = Cluster(f"https://127.0.0.1:{port}", ca_certs=tmp_path / "ca.pem")
        with (
            cluster.connect() as client,
            pytest.raises(ClusterError) as raised,
            cluster_errors("asking"),
        ):
            # As a run asks: the client keeps the reason elsewhere then.
            patient(client.options(max_retries=0).cluster.health, retry_for=60, sleep=never)
    assert "certificate has expired" in str(raised.value)
    assert str(raised.value).endswith("; renew its certificate")


@pytest.mark.parametrize(
    ("status", "error", "told"),
    [
        (401, "security_exception", "401: why; sign in with --api-key, or with"),
        (403, "security_exception", "403: why$"),
        (503, "search_phase_execution_exception", "503: why; the index is red: .*`es-jina doctor`"),
        (503, "master_not_discovered_exception", "503: why$"),
    ],
)
def test_the_next_step_after_a_refusal(status: int, error: str, told: str) -> None:
    cause = {"type": error, "reason": "why", "root_cause": []}
    with (
        pytest.raises(ClusterError, match=f"^searching: Elasticsearch answered {told}"),
        cluster_errors("searching"),
    ):
        raise refusal(cause, status)
