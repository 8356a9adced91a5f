"""``console.txt``: requests for Kibana's Dev Tools, to be run from top to bottom."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from textwrap import fill
from typing import Any

from es_jina import __version__
from es_jina.elastic.console import console_request
from es_jina.kibana.bundle import Bundle
from es_jina.kibana.needs import lacking_inference
from es_jina.kibana.searches import EsqlQuery, SearchTemplate

# What is asked for, until somebody types something else.
QUESTION = "how often does the filter need cleaning"
VECTOR = "<query_vector>"
_WIDTH = 100


@dataclass(frozen=True, slots=True)
class _Request:
    """A request and what there is to say of it.

    Attributes:
        told: what it is for.
        text: method, path and body.
        lacking: why it cannot run as it stands: then it is commented out.
    """

    told: str
    text: str
    lacking: str = ""


def console(bundle: Bundle) -> str:
    """Return the text for Dev Tools; what the cluster cannot run is commented out, with why."""
    parts = [_comment(_opening(bundle))]
    for number, request in zip(count(1), _requests(bundle), strict=False):
        parts.append(f"{_comment(f'{number}. {request.told}')}\n{_shown(request)}")
    return "\n\n".join([*parts, _cleaning(bundle)]) + "\n"


def _shown(request: _Request) -> str:
    if not request.lacking:
        return request.text
    lines = request.text.splitlines()
    return "\n".join([_comment(request.lacking), *(f"# {line}".rstrip() for line in lines)])


def _opening(bundle: Bundle) -> str:
    cluster = bundle.capabilities
    return (
        f"Searches of the index {bundle.index}, for Kibana's Dev Tools. Paste all of it; it runs "
        "from top to bottom, a request at a time (Ctrl+Enter, on a Mac Cmd+Enter). Each request is "
        "explained above it, and what this cluster cannot run is commented out, with the reason. "
        f"Written by es_jina {__version__} for Elasticsearch {cluster.version} "
        f"({cluster.licence} licence). Elasticsearch's inference API, which embeds what is typed, "
        "takes an Enterprise licence or a trial; on any other, words are searched as they are, and "
        "a search by vectors must bring its vector along."
    )


def _requests(bundle: Bundle) -> Iterator[_Request]:
    yield _what_is_there(bundle)
    yield from _endpoints(bundle)
    for template in bundle.searches.templates:
        yield _put(bundle, template)
    for template in bundle.searches.templates:
        yield _call(bundle, template)
    for query in bundle.searches.queries:
        yield _esql(bundle, query)


def _what_is_there(bundle: Bundle) -> _Request:
    by_kind = {"kinds": {"terms": {"field": "kind"}}, "sources": _cardinality("source.uri")}
    body = {"size": 0, "track_total_hits": True, "aggs": by_kind}
    told = "What is there: how many units of each kind, of how many sources."
    return _Request(told, console_request("POST", f"/{bundle.index}/_search", body))


def _cardinality(field: str) -> dict[str, Any]:
    return {"cardinality": {"field": field}}


def _endpoints(bundle: Bundle) -> Iterator[_Request]:
    """Show the endpoints that the searches ask."""
    made = f"`es-jina setup {bundle.index} --server URL` makes it."
    for name, does in bundle.endpoints.items():
        yield _Request(
            f"The inference endpoint that {does}. {made}",
            f"GET /_inference/{name}",
            _why(lacking_inference(bundle.capabilities)),
        )


def _put(bundle: Bundle, template: SearchTemplate) -> _Request:
    asset = template.asset
    told = f"The search template {asset.name}: {template.about}"
    request = console_request("PUT", asset.path, asset.signed)
    return _Request(told, request, _why(bundle.lacking(template.text)))


def _call(bundle: Bundle, template: SearchTemplate) -> _Request:
    params = {"q": QUESTION}
    told = f"Search by {template.asset.name}. Type into q; size and from may be given, too."
    why = _why(bundle.lacking(template.text))
    if "{{query_vector}}" in template.text:
        params["query_vector"] = VECTOR
        told += " " + how_to_embed(bundle.index)
        why = why or f"Put a vector in the place of {VECTOR}, and take the number signs away."
    body = {"id": template.asset.name, "params": params}
    path = f"/{bundle.index}/_search/template"
    return _Request(told, console_request("POST", path, body), why)


def how_to_embed(index: str) -> str:
    """Say where a query vector comes from."""
    return (
        f'`es-jina search {index} "{QUESTION}" --mode dense --print-request` prints the '
        "query_vector, in the form that this index takes. Base64 from elsewhere, the embeddings "
        "API of `es-jina serve` among it, is little-endian: Elasticsearch would take it for other "
        "numbers and not complain."
    )


def _esql(bundle: Bundle, query: EsqlQuery) -> _Request:
    told = (
        f"ES|QL, {query.name}: {query.about} In Discover, paste the query and write the words in "
        "quotes in the place of ?q."
    )
    # Three quotes are Kibana's own: a text of several lines.
    body = f'{{\n  "query": """\n{query.text}""",\n  "params": [{{"q": "{QUESTION}"}}]\n}}'
    return _Request(told, f"POST /_query\n{body}", _why(bundle.lacking(query.text)))


def _cleaning(bundle: Bundle) -> str:
    told = _comment("To take the templates away again:")
    lines = [f"# DELETE {template.asset.path}" for template in bundle.searches.templates]
    return "\n".join([told, *lines])


def _why(lacking: list[str]) -> str:
    return f"It does not run here: it takes {'; and '.join(lacking)}." if lacking else ""


def _comment(told: str) -> str:
    return fill(
        told,
        _WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
        break_long_words=False,
        break_on_hyphens=False,
    )
