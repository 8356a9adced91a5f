"""A client for one cluster, and its failures as errors of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elastic_transport import ConnectionError as EsConnectionError
from elastic_transport import HttpHeaders, TlsError, Urllib3HttpNode
from elastic_transport.client_utils import DEFAULT
from elasticsearch import (
    ApiError,
    ConnectionTimeout,
    Elasticsearch,
    OrjsonSerializer,
    TransportError,
)

from es_jina.errors import ClusterError

TIMEOUT = 60.0  # seconds for one request


class PlainJsonNode(Urllib3HttpNode):
    """A connection that asks for plain JSON.

    The client names its own major version in the media type, and a cluster one major older refuses
    that; what is sent here is understood by 8.x and 9.x alike.
    """

    def perform_request(  # noqa: D102
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: Any = DEFAULT,
    ) -> Any:
        plain = HttpHeaders(headers or {})
        for name in ("accept", "content-type"):
            if name in plain:
                lines = "x-ndjson" in plain[name]
                plain[name] = "application/x-ndjson" if lines else "application/json"
        return super().perform_request(method, target, body, plain, request_timeout)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a cluster is and how to sign in."""

    url: str
    api_key: str | None = None
    username: str | None = None
    password: str | None = None
    ca_certs: Path | None = None

    def connect(self) -> Elasticsearch:
        """Return a client; nothing is sent yet.

        Raises:
            ClusterError: the address or the API key is not one.
        """
        options: dict[str, Any] = {}
        if self.api_key:
            # A line end from a file of secrets would fail only later, in the depth of the client.
            if not (self.api_key.isascii() and self.api_key.isprintable()):
                raise ClusterError("the API key has a line end or a letter that no API key has")
            options["api_key"] = self.api_key
        elif self.username:
            options["basic_auth"] = (self.username, self.password or "")
        if self.ca_certs:
            options["ca_certs"] = str(self.ca_certs)
        try:
            return Elasticsearch(
                self.url,
                serializer=OrjsonSerializer(),
                node_class=PlainJsonNode,
                request_timeout=TIMEOUT,
                **options,
            )
        except (ValueError, OSError) as error:
            raise ClusterError(f"{self.url!r}: {_one_line(error)}") from error


@contextmanager
def cluster_errors(doing: str) -> Iterator[None]:
    """Turn the client's exceptions into one line that says what was being done.

    Raises:
        ClusterError: for every failure of the client inside the block.
    """
    try:
        yield
    except ApiError as error:
        raise ClusterError(f"{doing}: {_refused(error)}") from error
    except TransportError as error:
        raise ClusterError(f"{doing}: {_unanswered(error)}") from error


def reason(error: ApiError) -> str:
    """Return status and root reason of an answer, in one line."""
    told: Any = error.body
    cause: Any = told.get("error") if isinstance(told, dict) else told
    text = ": ".join(_reasons(cause)) if isinstance(cause, dict) else cause or error.message
    return f"{error.status_code}: {_one_line(text)}"


def _reasons(cause: dict[str, Any]) -> list[str]:
    """Return what an error says, from the outside in, each thing once.

    The innermost cause says what is wrong; the outer ones say where.
    """
    found: list[str] = []
    at: dict[str, Any] | None = cause
    while at is not None:
        inner = _inner(at)
        # This one counts shards, and no more.
        counts = at.get("type") == "search_phase_execution_exception" and inner is not None
        text = str(at.get("reason") or ("" if found else at.get("type") or ""))
        if text and not counts and not any(text in each for each in found):
            found.append(text)
        at = inner
    return found


def _inner(cause: dict[str, Any]) -> dict[str, Any] | None:
    """Return the cause of a cause; a search names it below its shards."""
    shards, roots = cause.get("failed_shards"), cause.get("root_cause")
    for inner in (
        cause.get("caused_by"),
        shards[0].get("reason") if shards else None,
        roots[0] if roots else None,
    ):
        if isinstance(inner, dict):
            return inner
    return None


def is_elasticsearch(error: ApiError) -> bool:
    """Say whether an answer comes from Elasticsearch and not from another server or a proxy.

    A refusal for a blocked index comes without the header, but in the shape of its errors.
    """
    if error.meta.headers.get("x-elastic-product") == "Elasticsearch":
        return True
    told = error.body.get("error") if isinstance(error.body, dict) else None
    return isinstance(told, dict) and "root_cause" in told


def _refused(error: ApiError) -> str:
    if error.status_code == 401:
        hint = "sign in with --api-key, or with --username and --password"
        return f"Elasticsearch answered {reason(error)}; {hint}"
    # Higher ones are often said by a proxy in the name of a busy cluster.
    if error.status_code < 413 and not is_elasticsearch(error):
        return (
            f"what answers at this address (HTTP {error.status_code}) is not Elasticsearch; give "
            "another with --url"
        )
    return f"Elasticsearch answered {reason(error)}"


def _unanswered(error: TransportError) -> str:
    """Say why there was no answer, and what to do about it."""
    innermost: Exception = error
    while isinstance(innermost, TransportError) and innermost.errors:
        innermost = innermost.errors[0]
    why = _one_line(innermost)
    match error:
        case ConnectionTimeout():
            return f"Elasticsearch did not answer in {TIMEOUT:.0f} seconds ({why})"
        case TlsError():
            return (
                f"no secure connection to Elasticsearch ({why}); give its certificate authority "
                "with --ca-certs, or http:// in --url where it has no TLS"
            )
        case EsConnectionError():
            return (
                f"Elasticsearch cannot be reached ({why}); start one with `es-jina node start`, or "
                "give its address with --url"
            )
        case _:
            return _one_line(error)


def _one_line(told: object) -> str:
    return " ".join(str(told).split())[:400]
