import json
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
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

NO_HANDLER = {"error": "no handler found for uri [/x] and method [GET]", "status": 400}
COMPLIANCE = {
    "error": {
        "type": "security_exception",
        "reason": "current license is non-compliant for [Reciprocal Rank Fusion (RRF)]",
        "license.expired.feature": "Reciprocal Rank Fusion (RRF)",
    }
}
GONE = {"error": {"type": "api_not_available_exception", "reason": "not in serverless mode"}}
NODE = {
    "version": "9.9.9",
    "modules": [{"name": "x-pack-inference"}, {"name": "rank-vectors"}],
    "ingest": {"processors": [{"type": "inference"}]},
}
COMMANDS, FUNCTIONS = "esql commands", "esql functions"

# What an Elasticsearch with every capability answers: by the path, or by what is asked for there.
ABLE: dict[str, tuple[int, Any]] = {
    "/_nodes/_local/plugins,ingest": (200, {"nodes": {"x": NODE}}),
    "/": (200, {"version": {"number": "9.9.9", "build_flavor": "default"}}),
    "/_license": (
        200,
        {"license": {"type": "enterprise", "expiry_date_in_millis": 4_102_444_800_000}},
    ),
    "/_ingest/_simulate": (200, {"docs": [{"doc": {"_id": "1"}}] * 5}),
    "/_inference/_services": (200, [{"service": "jinaai"}, {"service": "custom"}]),
    "knn": (200, {"hits": {"hits": []}}),
    "rrf": (200, {"hits": {"hits": []}}),
    "linear": (200, {"hits": {"hits": []}}),
    # The endpoint does not exist.
    "text_similarity_reranker": (404, {"error": {"type": "resource_not_found_exception"}}),
    "rescorer": (200, {"hits": {"hits": []}}),
    COMMANDS: (400, {"error": {"type": "verification_exception", "reason": "endpoint"}}),
    FUNCTIONS: (400, {"error": {"type": "verification_exception", "reason": "endpoint"}}),
}
EVERYTHING = Capabilities(
    version="9.9.9",
    flavour="self-managed",
    licence="enterprise",
    licence_expiry=datetime(2100, 1, 1, tzinfo=UTC),
    modules=frozenset({"x-pack-inference", "rank-vectors"}),
    ingest_processors=frozenset({"inference"}),
    base64_documents=True,
    base64_queries=True,
    rank_vectors=True,
    base64_rank_vectors=True,
    bfloat16=True,
    bbq_disk=True,
    rrf=True,
    linear=True,
    text_similarity_reranker=True,
    rescorer=True,
    inference_services=frozenset({"jinaai", "custom"}),
    esql=frozenset({"FORK", "FUSE", "RERANK", "KNN", "TEXT_EMBEDDING", "EMBEDDING"}),
)
NO_FIELDS: dict[str, Any] = dict.fromkeys(
    ("base64_documents", "rank_vectors", "base64_rank_vectors", "bfloat16", "bbq_disk")
)
NODES, ROOT, SIMULATION = "/_nodes/_local/plugins,ingest", "/", "/_ingest/_simulate"

Detect = Callable[..., Capabilities]


def asked_for(request: Request) -> str:
    """Say which of the entries of `ABLE` a request is about, and hold it to what is documented."""
    body = request.get_json(silent=True) or {}
    if request.path == "/_query":
        return COMMANDS if "|" in body["query"] else FUNCTIONS
    if request.path.endswith("/_search"):
        # Else a caller is refused who may not read this index, which does not exist.
        assert request.args["ignore_unavailable"] == "true"
        return "knn" if "knn" in body else str(next(iter(body["retriever"])))
    if request.path == SIMULATION:
        indices = [document["_index"] for document in body["docs"]]
        assert list(body["index_template_substitutions"]) == indices
    return request.path


@pytest.fixture
def detect(httpserver: HTTPServer) -> Iterator[Detect]:
    """Ask a double that gives other answers to some questions, and adds headers to all."""
    with Cluster(httpserver.url_for("").rstrip("/")).connect() as connected:

        def ask(
            other: dict[str, tuple[int, Any]],
            headers: dict[str, str] | None = None,
            **options: bool,
        ) -> Capabilities:
            def answer(request: Request) -> Response:
                status, body = (ABLE | other)[asked_for(request)]
                return Response(
                    json.dumps(body),
                    status,
                    PRODUCT | (headers or {}),
                    content_type="application/json",
                )

            httpserver.expect_request(re.compile(".*")).respond_with_handler(answer)
            found = Capabilities.detect(connected, **options)
            httpserver.check_assertions()
            return found

        yield ask


def test_a_real_node_says_what_it_can_do(capabilities: Capabilities) -> None:
    # This distribution lacks most modules, and starts with a basic licence.
    assert capabilities == Capabilities(
        version="9.5.0",
        flavour="self-managed",
        licence="basic",
        licence_expiry=None,
        modules=frozenset({"apm", "transport-netty4", "x-pack-core", "x-pack-security"}),
        ingest_processors=frozenset({"set_security_user"}),
        base64_documents=True,
        base64_queries=True,
        rank_vectors=False,
        base64_rank_vectors=False,
        bfloat16=True,
        bbq_disk=False,
        rrf=False,
        linear=False,
        text_similarity_reranker=False,
        rescorer=True,
        inference_services=frozenset(),
        esql=frozenset(),
    )


def test_what_a_search_need_not_know_is_not_asked_for(
    client: Elasticsearch, capabilities: Capabilities, detect: Detect
) -> None:
    found = Capabilities.detect(client, fields=False)
    assert found == replace(capabilities, **NO_FIELDS)
    never = {SIMULATION: (503, {"error": {"reason": "this would be an error"}})}
    assert detect(never, fields=False) == replace(EVERYTHING, **NO_FIELDS)


def test_asking_leaves_nothing_behind(client: Elasticsearch, capabilities: Capabilities) -> None:
    Capabilities.detect(client)
    assert not client.indices.exists(index="es-jina-probe")
    templates = client.indices.get_index_template()["index_templates"]
    assert not [t for t in templates if "es-jina-probe" in t["index_template"]["index_patterns"]]


def test_which_fields_a_node_takes(client: Elasticsearch) -> None:
    assert accepts_field(client, {"type": "dense_vector", "dims": 128})
    assert not accepts_field(client, {"type": "dense_vector", "dims": 4097})
    assert not accepts_field(client, {"type": "dense_vector", "index_options": {"type": "x"}})


def test_an_able_cluster(detect: Detect) -> None:
    assert detect({}) == EVERYTHING


@pytest.mark.parametrize("header", ["X-Found-Handling-Cluster", "X-Cloud-Request-Id"])
@pytest.mark.parametrize("refused", [{}, {NODES: (403, DENIED), ROOT: (403, DENIED)}])
def test_elastic_cloud_is_known_by_its_proxy(
    detect: Detect, header: str, refused: dict[str, tuple[int, Any]]
) -> None:
    assert detect(refused, {header: "607a"}).flavour == "cloud"


def test_serverless_has_no_nodes_and_no_licence(detect: Detect) -> None:
    root = {"version": {"number": "8.11.0", "build_flavor": "serverless"}}
    gone = {NODES: (410, GONE), "/_license": (410, GONE), ROOT: (200, root)}
    assert detect(gone, {"X-Found-Handling-Cluster": "607a"}) == replace(
        EVERYTHING,
        version="8.11.0",
        flavour="serverless",
        licence="unknown",
        licence_expiry=None,
        modules=None,
        ingest_processors=None,
    )


def test_a_cluster_that_tells_its_version_but_not_its_modules(detect: Detect) -> None:
    found = detect({NODES: (403, DENIED)})
    assert found == replace(EVERYTHING, modules=None, ingest_processors=None)


def test_a_caller_without_any_privilege_knows_nothing(detect: Detect) -> None:
    found = detect(dict.fromkeys(ABLE, (403, DENIED)))
    told = asdict(found)
    assert {told.pop(name) for name in ("version", "flavour", "licence")} == {"unknown"}
    assert set(told.values()) == {None}


@pytest.mark.parametrize(
    ("refused", "unknown"),
    [
        ("/_license", {"licence": "unknown", "licence_expiry": None, "bbq_disk": None}),
        (SIMULATION, NO_FIELDS),
        ("knn", {"base64_queries": None}),
        ("rrf", {"rrf": None}),
        ("linear", {"linear": None}),
        ("text_similarity_reranker", {"text_similarity_reranker": None}),
        ("rescorer", {"rescorer": None}),
        ("/_inference/_services", {"inference_services": None}),
        (COMMANDS, {"esql": None}),
        (FUNCTIONS, {"esql": None}),
    ],
)
def test_one_missing_privilege_spoils_no_other_answer(
    detect: Detect, refused: str, unknown: dict[str, Any]
) -> None:
    assert detect({refused: (403, DENIED)}) == replace(EVERYTHING, **unknown)


def test_a_document_that_may_not_be_written_says_nothing_of_its_field(detect: Detect) -> None:
    denied = {"doc": {"error": {"type": "security_exception", "reason": "action is unauthorized"}}}
    assert detect({SIMULATION: (200, {"docs": [denied] * 5})}) == replace(EVERYTHING, **NO_FIELDS)


def test_fields_that_are_there_in_part(detect: Detect) -> None:
    refused = {"doc": {"error": {"type": "document_parsing_exception", "reason": "expected [["}}}
    fine = {"doc": {"_id": "1"}}
    found = detect({SIMULATION: (200, {"docs": [fine, fine, refused, refused, fine]})})
    assert found == replace(EVERYTHING, base64_rank_vectors=False, bfloat16=False)


@pytest.mark.parametrize("name", ["rrf", "linear", "text_similarity_reranker", "rescorer"])
@pytest.mark.parametrize(
    "refusal",
    [
        (400, {"error": {"type": "parsing_exception", "reason": "unknown retriever [rrf]"}}),
        (403, COMPLIANCE),
        # An outer retriever says where its inner one was refused.
        (400, {"error": {"type": "x_content_parse_exception", "caused_by": COMPLIANCE["error"]}}),
    ],
)
def test_retrievers_that_are_missing_or_not_licensed(
    detect: Detect, name: str, refusal: tuple[int, Any]
) -> None:
    refused: dict[str, Any] = {name: False}
    assert detect({name: refusal}) == replace(EVERYTHING, **refused)


@pytest.mark.parametrize(
    ("licence", "covered"),
    [
        ({"type": "basic"}, False),
        ({"type": "platinum"}, False),
        ({"type": "trial", "expiry_date_in_millis": 4_102_444_800_000}, True),
        ({"type": "enterprise", "expiry_date_in_millis": 1_000_000}, False),
        ({"type": "enterprise"}, True),
    ],
)
def test_the_licence_that_bbq_disk_needs(
    detect: Detect, licence: dict[str, Any], covered: bool
) -> None:
    assert detect({"/_license": (200, {"license": licence})}).bbq_disk is covered


@pytest.mark.parametrize("refusal", [(400, NO_HANDLER), (405, NO_HANDLER), (410, GONE)])
def test_apis_that_a_cluster_does_not_have(detect: Detect, refusal: tuple[int, Any]) -> None:
    found = detect({"/_inference/_services": refusal, COMMANDS: refusal})
    nothing: frozenset[str] = frozenset()
    assert found == replace(EVERYTHING, inference_services=nothing, esql=nothing)


@pytest.mark.parametrize(
    ("command", "known"),
    [("FORK", set()), ("FUSE", {"FORK"}), ("RERANK", {"FORK", "FUSE"})],
)
def test_commands_that_esql_does_not_know(detect: Detect, command: str, known: set[str]) -> None:
    told = f"line 1:13: mismatched input '{command}' expecting {{'dissect', 'drop'}}"
    found = detect({COMMANDS: (400, {"error": {"type": "parsing_exception", "reason": told}})})
    assert found.esql == frozenset(known | {"KNN", "TEXT_EMBEDDING", "EMBEDDING"})


def test_functions_that_esql_does_not_know(detect: Detect) -> None:
    told = (
        "Found 3 problems\nline 1:23: Unknown function [TEXT_EMBEDDING]"
        + ", did you mean any of [one, another]?" * 20
        + "\nline 1:63: Unknown function [EMBEDDING], did you mean [KNN]?"
    )
    found = detect(
        {FUNCTIONS: (400, {"error": {"type": "verification_exception", "reason": told}})}
    )
    assert found.esql == frozenset({"FORK", "FUSE", "RERANK", "KNN"})


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_busy_cluster_is_not_taken_for_an_unable_one(detect: Detect, status: int) -> None:
    with pytest.raises(ClusterError, match=rf"answered {status}: busy$"):
        detect({"/_ingest/_simulate": (status, {"error": {"reason": "busy"}})})


def test_an_unknown_caller_is_told_how_to_sign_in(detect: Detect) -> None:
    unknown = {"error": {"type": "security_exception", "reason": "missing credentials"}}
    with pytest.raises(ClusterError) as raised:
        detect({NODES: (401, unknown)})
    assert str(raised.value) == (
        "asking the cluster what it can do: Elasticsearch answered 401: missing credentials; sign "
        "in with --api-key, or with --username and --password"
    )


@pytest.mark.parametrize("status", [200, 302, 404])
def test_a_server_that_is_not_elasticsearch(httpserver: HTTPServer, status: int) -> None:
    page = Response("<h1>hello</h1>", status, content_type="text/html")
    httpserver.expect_request(NODES).respond_with_response(page)
    httpserver.expect_request("/docs/_mapping").respond_with_response(page)
    with Cluster(httpserver.url_for("/").rstrip("/")).connect() as connected:
        with pytest.raises(ClusterError, match="not Elasticsearch; give another with --url"):
            Capabilities.detect(connected)
        # And not: there is no such index, create it.
        with pytest.raises(ClusterError, match="not Elasticsearch"):
            read_profile(connected, "docs")


def test_an_answer_that_is_not_json(httpserver: HTTPServer) -> None:
    nonsense = Response("nonsense", 200, PRODUCT, content_type="application/json")
    httpserver.expect_request(NODES).respond_with_response(nonsense)
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
