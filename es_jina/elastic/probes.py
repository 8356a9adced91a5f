"""The questions behind :mod:`es_jina.elastic.capabilities`.

No question stores anything or needs an index: each is answered from the request alone, or by a
simulation. What a question hears in place of an answer is an ``ApiError``; :func:`ask` says which
of them mean that the caller may not ask.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from elasticsearch import ApiError, BadRequestError, Elasticsearch, NotFoundError

from es_jina.elastic.client import is_elasticsearch, reason
from es_jina.elastic.vectors import dense_base64

T = TypeVar("T")

UNKNOWN = "unknown"

# No index of this name exists.
_NOWHERE = "es-jina-probe"
# Above the priority of any template that people have for all their indices.
_PRIORITY = 2_000_000
_UNIT_VECTOR = [1.0] + [0.0] * 63
_LICENCE_SECONDS = 5.0
_JSON = {"accept": "application/json", "content-type": "application/json"}

# Said in the name of Elasticsearch or by it while it is busy: to ask again later may help.
_BUSY = (429, 502, 503, 504)


def ask(question: Callable[[Elasticsearch], T], client: Elasticsearch) -> T | None:
    """Return the answer; ``None`` where the question is refused.

    Raises:
        ApiError: it does not know the caller (401), is too busy, or is not Elasticsearch: this is
            no answer.
    """
    try:
        return question(client)
    except ApiError as error:
        if error.status_code in (401, *_BUSY) or not is_elasticsearch(error):
            raise
        return None


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What the node that answers is; ``None`` for what it does not say."""

    version: str
    flavour: str
    modules: frozenset[str] | None = None
    ingest_processors: frozenset[str] | None = None


def node_facts(client: Elasticsearch) -> NodeFacts:
    """Ask what answers.

    Not ``GET /`` at first: it knows no modules, and the small distribution has no handler for it.
    It is asked on Serverless, which tells nobody about its nodes.
    """
    try:
        answer = client.nodes.info(
            node_id="_local",
            metric=["plugins", "ingest"],
            filter_path="nodes.*.version,nodes.*.modules.name,nodes.*.ingest.processors.type",
        )
    except ApiError as error:
        # Whatever the reason is, a second refusal says it again.
        return _greeting(client, error)
    (node,) = answer["nodes"].values()
    return NodeFacts(
        version=node["version"],
        flavour=_hosted(answer.meta.headers) or "self-managed",
        modules=frozenset(module["name"] for module in node.get("modules", [])),
        ingest_processors=frozenset(
            processor["type"] for processor in node.get("ingest", {}).get("processors", [])
        ),
    )


def _greeting(client: Elasticsearch, refusal: ApiError) -> NodeFacts:
    """Ask for what a cluster says of itself to everybody who may monitor it."""
    if refusal.status_code in (401, *_BUSY) or not is_elasticsearch(refusal):
        raise refusal
    try:
        answer = client.info()
    except ApiError as error:
        if error.status_code in (401, *_BUSY):
            raise
        return NodeFacts(UNKNOWN, _hosted(error.meta.headers) or UNKNOWN)
    version = answer["version"]
    if version.get("build_flavor") == "serverless":
        return NodeFacts(version["number"], "serverless")
    return NodeFacts(version["number"], _hosted(answer.meta.headers) or "self-managed")


def _hosted(headers: Any) -> str | None:
    """Return ``cloud`` where the proxy of Elastic Cloud has passed an answer on.

    It adds both headers; Elastic APM's agents know a cluster there by the first one, too.
    Elasticsearch itself is the same there as anywhere.
    """
    told = "x-found-handling-cluster" in headers or "x-cloud-request-id" in headers
    return "cloud" if told else None


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence; `expiry` is ``None`` for one that does not end."""

    kind: str
    expiry: datetime | None


def licence(client: Elasticsearch) -> Licence:
    """Ask for the licence."""
    # A cluster that has just started has none yet (404): it gives itself the basic one.
    deadline = time.monotonic() + _LICENCE_SECONDS
    while True:
        try:
            told = client.license.get()["license"]
        except NotFoundError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            ends = told.get("expiry_date_in_millis")
            expiry = None if ends is None else datetime.fromtimestamp(ends / 1000, UTC)
            return Licence(told["type"], expiry)


def accepts_field(client: Elasticsearch, mapping: dict[str, Any]) -> bool:
    """Say whether a template with such a field would be accepted; none is stored.

    Raises:
        ApiError: for another reason than the field, such as a missing privilege.
    """
    try:
        client.indices.simulate_template(
            index_patterns=[_NOWHERE], priority=_PRIORITY, template=_with_field(mapping)
        )
    except BadRequestError:
        return False
    return True


def _with_field(mapping: dict[str, Any]) -> dict[str, Any]:
    return {"mappings": {"properties": {"field": mapping}}}


_DENSE = {"type": "dense_vector", "dims": 64}
_RANKED = {"type": "rank_vectors", "dims": 64}
_PACKED = dense_base64(_UNIT_VECTOR)

# By capability: a field, and a document for it.
_FIELDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "base64_documents": ({**_DENSE, "index": False}, {"field": _PACKED}),
    "rank_vectors": (_RANKED, {}),
    "base64_rank_vectors": (_RANKED, {"field": [_PACKED]}),
    "bfloat16": ({**_DENSE, "element_type": "bfloat16"}, {}),
    "bbq_disk": ({**_DENSE, "index_options": {"type": "bbq_disk"}}, {}),
}
NO_FIELDS: dict[str, bool | None] = dict.fromkeys(_FIELDS)


def vector_fields(client: Elasticsearch) -> dict[str, bool | None]:
    """Ask which vector fields there are, and which of them read base64, in one simulated bulk.

    Each document goes to an index of its own, with a template that exists in the request alone.

    Returns:
        By capability; ``None`` where that document was refused for a privilege.
    """
    cases = [(f"{_NOWHERE}-{number}", *case) for number, case in enumerate(_FIELDS.values())]
    templates = {
        index: {"index_patterns": [index], "priority": _PRIORITY, "template": _with_field(mapping)}
        for index, mapping, _ in cases
    }
    answer = client.perform_request(
        "POST",
        "/_ingest/_simulate",
        headers=_JSON,
        body={
            "docs": [{"_index": index, "_id": "1", "_source": doc} for index, _, doc in cases],
            "index_template_substitutions": templates,
        },
    )
    told = [_accepted(each["doc"].get("error")) for each in answer["docs"]]
    return dict(zip(_FIELDS, told, strict=True))


def _accepted(error: dict[str, Any] | None) -> bool | None:
    """Read the error of one document of a simulated bulk."""
    if error is None:
        return True
    unauthorised = "unauthorized" in str(error.get("reason"))
    return None if unauthorised else False


def base64_queries(client: Elasticsearch) -> bool:
    """Ask whether ``query_vector`` may be base64."""
    try:
        _search_nowhere(
            client,
            knn={
                "field": "field",
                "query_vector": _PACKED,
                "k": 1,
                "num_candidates": 1,
            },
        )
    except BadRequestError:
        return False
    return True


_STANDARD: dict[str, Any] = {"standard": {"query": {"match_all": {}}}}
_RETRIEVERS: dict[str, dict[str, Any]] = {
    "rrf": {"retrievers": [_STANDARD, _STANDARD]},
    "linear": {"retrievers": [{"retriever": _STANDARD}, {"retriever": _STANDARD}]},
    "text_similarity_reranker": {
        "retriever": _STANDARD,
        "field": "field",
        "inference_id": _NOWHERE,
        "inference_text": "probe",
    },
    "rescorer": {
        "retriever": _STANDARD,
        "rescore": {"window_size": 10, "query": {"rescore_query": {"match_all": {}}}},
    },
}


def retriever(client: Elasticsearch, name: str) -> bool:
    """Ask whether there is such a retriever and the licence covers it.

    A request is read, and the licence looked at, before anything else of it is: so whatever is said
    of the index or of the endpoint, which do not exist, comes from a node that knows the retriever.
    """
    try:
        _search_nowhere(client, retriever={name: _RETRIEVERS[name]})
    except ApiError as error:
        told = reason(error)
        if "non-compliant" in told or (error.status_code == 400 and _unread(error)):
            return False
        if error.status_code in (400, 404):
            return True
        raise
    return True


def _unread(error: ApiError) -> bool:
    """Say whether a request was refused while it was parsed."""
    told = error.body.get("error") if isinstance(error.body, dict) else None
    kind = told.get("type", "") if isinstance(told, dict) else ""
    return kind in ("parsing_exception", "x_content_parse_exception")


def _search_nowhere(client: Elasticsearch, **request: Any) -> None:
    # An index that is missing, or that the caller may not read, is no error with this.
    client.search(index=_NOWHERE, ignore_unavailable=True, size=0, **request)


def inference_services(client: Elasticsearch) -> frozenset[str]:
    """Ask for the services of the inference API; none where there is no such API."""
    try:
        answer = client.perform_request("GET", "/_inference/_services", headers=_JSON)
    except ApiError as error:
        if _no_such_api(error):
            return frozenset()
        raise
    return frozenset(service["service"] for service in answer)


# In the order in which they came: who lacks one lacks those after it.
_ESQL_COMMANDS = {
    "FORK": "FORK (WHERE true | LIMIT 1) (WHERE true | LIMIT 1)",
    "FUSE": "FUSE",
    "RERANK": f'RERANK "probe" ON a WITH {{"inference_id": "{_NOWHERE}"}}',
}
# No argument may be a column that does not exist: nothing else would be said of the function.
_ESQL_FUNCTIONS = {
    "KNN": 'KNN("a", [1, 0])',
    "TEXT_EMBEDDING": f'TEXT_EMBEDDING("probe", "{_NOWHERE}")',
    "EMBEDDING": f'EMBEDDING("probe", "{_NOWHERE}")',
}


def esql(client: Elasticsearch) -> frozenset[str]:
    """Ask which of the commands and functions for vectors ES|QL knows; none where it is missing.

    What is known is used wrongly, by naming an endpoint that does not exist, so no query runs. The
    first unknown command ends the reading of a query; of functions, every unknown one is named.
    """
    told = _esql_told(client, " | ".join(["ROW a = 1", *_ESQL_COMMANDS.values()]))
    if told is None:
        return frozenset()
    unknown = (name for name in _ESQL_COMMANDS if f"input '{name.lower()}" in told)
    commands = list(_ESQL_COMMANDS)
    first = next(unknown, None)
    known = commands if first is None else commands[: commands.index(first)]
    told = _esql_told(client, f"ROW {', '.join(_ESQL_FUNCTIONS.values())}") or ""
    functions = [name for name in _ESQL_FUNCTIONS if f"function [{name.lower()}]" not in told]
    return frozenset(known + functions)


def _esql_told(client: Elasticsearch, query: str) -> str | None:
    """Return why a query is refused, in lower case; ``None`` where there is no ES|QL."""
    try:
        client.perform_request("POST", "/_query", headers=_JSON, body={"query": query})
    except ApiError as error:
        if _no_such_api(error):
            return None
        if error.status_code not in (400, 404):
            raise
        return str(error.body).lower()
    return ""


def _no_such_api(error: ApiError) -> bool:
    """Say whether a cluster has no handler for a request, or (410) none for its users.

    What it says then is a sentence and no object, unlike what a handler says.
    """
    told = error.body.get("error") if isinstance(error.body, dict) else None
    return is_elasticsearch(error) and (
        error.status_code in (405, 410) or (error.status_code == 400 and isinstance(told, str))
    )
