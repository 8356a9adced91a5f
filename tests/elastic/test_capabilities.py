import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from es_jina.elastic.assets import read_profile
from es_jina.elastic.capabilities import Capabilities, accepts_field
from es_jina.elastic.client import Cluster
from es_jina.errors import ClusterError

PRODUCT = {"X-Elastic-Product": "Elasticsearch"}
DENIED = {"error": {"type": "security_exception", "reason": "action is unauthorized"}}

# What an Elasticsearch with every capability answers, by the path.
ABLE: dict[str, Any] = {
    "/_nodes/_local": {"nodes": {"x": {"version": "9.9.9"}}},
    "/_license": {"license": {"type": "enterprise"}},
    "/_ingest/_simulate": {"docs": [{"doc": {"_id": "1"}}]},
    "/es-jina-probe/_search": {"hits": {"hits": []}},
    "/_index_template/_simulate": {"template": {}},
}


@pytest.fixture
def detect(httpserver: HTTPServer) -> Iterator[Callable[..., Capabilities]]:
    """Ask a double that answers in place of some paths."""
    with Cluster(httpserver.url_for("").rstrip("/")).connect() as connected:

        def ask(refused: dict[str, tuple[int, Any]]) -> Capabilities:
            def answer(request: Request) -> Response:
                default = (200, ABLE[request.path])
                status, body = refused.get(request.path, default)
                return Response(json.dumps(body), status, PRODUCT, content_type="application/json")

            for path in ABLE:
                httpserver.expect_request(path).respond_with_handler(answer)
            return Capabilities.detect(connected)

        yield ask


def test_a_real_node_says_what_it_can_do(capabilities: Capabilities) -> None:
    # This distribution lacks rank_vectors, and starts with a basic licence.
    assert capabilities == Capabilities(
        version="9.5.0",
        licence="basic",
        base64_documents=True,
        base64_queries=True,
        rank_vectors=False,
    )


def test_asking_leaves_nothing_behind(client: Elasticsearch, capabilities: Capabilities) -> None:
    Capabilities.detect(client)
    assert not client.indices.exists(index="es-jina-probe")
    templates = client.indices.get_index_template()["index_templates"]
    assert not [t for t in templates if "es-jina-probe" in t["index_template"]["index_patterns"]]


def test_which_fields_a_node_takes(client: Elasticsearch) -> None:
    assert accepts_field(client, {"type": "dense_vector", "dims": 128})
    assert not accepts_field(client, {"type": "dense_vector", "dims": 4097})
    assert not accepts_field(client, {"type": "dense_vector", "index_options": {"type": "x"}})


def test_an_able_cluster(detect: Callable[..., Capabilities]) -> None:
    assert detect({}) == Capabilities("9.9.9", "enterprise", True, True, True)


def test_a_caller_without_any_privilege_gets_the_careful_answers(
    detect: Callable[..., Capabilities],
) -> None:
    found = detect(dict.fromkeys(ABLE, (403, DENIED)))
    assert found == Capabilities("unknown", "unknown", False, False, False)


def test_one_missing_privilege_spoils_no_other_answer(detect: Callable[..., Capabilities]) -> None:
    found = detect({"/_ingest/_simulate": (403, DENIED), "/_license": (403, DENIED)})
    assert found == Capabilities("9.9.9", "unknown", False, True, True)


def test_apis_that_a_hosted_cluster_does_not_offer(detect: Callable[..., Capabilities]) -> None:
    gone = {"error": {"type": "api_not_available_exception", "reason": "not available"}}
    found = detect({"/_nodes/_local": (410, gone), "/_license": (410, gone)})
    assert found == Capabilities("unknown", "unknown", True, True, True)


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_busy_cluster_is_not_taken_for_an_unable_one(
    detect: Callable[..., Capabilities], status: int
) -> None:
    with pytest.raises(ClusterError, match=rf"answered {status}: busy$"):
        detect({"/_ingest/_simulate": (status, {"error": {"reason": "busy"}})})


def test_an_unknown_caller_is_told_how_to_sign_in(detect: Callable[..., Capabilities]) -> None:
    unknown = {"error": {"type": "security_exception", "reason": "missing credentials"}}
    with pytest.raises(ClusterError) as raised:
        detect({"/_nodes/_local": (401, unknown)})
    assert str(raised.value) == (
        "asking the cluster what it can do: Elasticsearch answered 401: missing credentials; sign "
        "in with --api-key, or with --username and --password"
    )


@pytest.mark.parametrize("status", [200, 302, 404])
def test_a_server_that_is_not_elasticsearch(httpserver: HTTPServer, status: int) -> None:
    page = Response("<h1>hello</h1>", status, content_type="text/html")
    httpserver.expect_request("/_nodes/_local").respond_with_response(page)
    httpserver.expect_request("/docs/_mapping").respond_with_response(page)
    with Cluster(httpserver.url_for("/").rstrip("/")).connect() as connected:
        with pytest.raises(ClusterError, match="not Elasticsearch; give another with --url"):
            Capabilities.detect(connected)
        # And not: there is no such index, create it.
        with pytest.raises(ClusterError, match="not Elasticsearch"):
            read_profile(connected, "docs")


def test_an_answer_that_is_not_json(httpserver: HTTPServer) -> None:
    nonsense = Response("nonsense", 200, PRODUCT, content_type="application/json")
    httpserver.expect_request("/_nodes/_local").respond_with_response(nonsense)
    double = Cluster(httpserver.url_for("/").rstrip("/"))
    with double.connect() as connected, pytest.raises(ClusterError) as raised:
        Capabilities.detect(connected)
    # It was reached: to say that it was not would send people the wrong way.
    assert "cannot be reached" not in str(raised.value)
    assert "nonsense" in str(raised.value)


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def test_nobody_there() -> None:
    nobody = Cluster(f"http://127.0.0.1:{closed_port()}")
    with nobody.connect() as connected, pytest.raises(ClusterError) as raised:
        Capabilities.detect(connected)
    message = str(raised.value)
    assert "\n" not in message
    assert "Connection refused" in message
    assert message.endswith("start one with `es-jina node start`, or give its address with --url")


def test_tls_to_a_server_without_it(httpserver: HTTPServer) -> None:
    address = httpserver.url_for("/").rstrip("/").replace("http://", "https://")
    with (
        Cluster(address).connect() as connected,
        pytest.raises(ClusterError, match="give http:// in --url where it has no TLS"),
    ):
        Capabilities.detect(connected)


@pytest.mark.parametrize("url", ["", "localhost:9200", "http://host", "http://host:99999"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ClusterError, match="URL"):
        Cluster(url).connect()


def test_an_api_key_with_a_line_end() -> None:
    with pytest.raises(ClusterError, match="line end"):
        Cluster("http://127.0.0.1:9200", api_key="abc\n").connect()
