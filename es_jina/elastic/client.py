"""A client for one cluster, and its failures as errors of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elastic_transport import HttpHeaders, Urllib3HttpNode
from elastic_transport.client_utils import DEFAULT
from elasticsearch import ApiError, Elasticsearch, OrjsonSerializer, TransportError

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
            ClusterError: the address is not one.
        """
        options: dict[str, Any] = {}
        if self.api_key:
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
            raise ClusterError(f"{self.url}: {_one_line(error)}") from error


@contextmanager
def cluster_errors(doing: str) -> Iterator[None]:
    """Turn the client's exceptions into one line that says what was being done.

    Raises:
        ClusterError: for every failure of the client inside the block.
    """
    try:
        yield
    except ApiError as error:
        raise ClusterError(f"{doing}: Elasticsearch answered {reason(error)}") from error
    except TransportError as error:
        raise ClusterError(
            f"{doing}: Elasticsearch cannot be reached ({_one_line(error)}); start one with "
            "`es-jina node start`, or give its address with --url"
        ) from error


def reason(error: ApiError) -> str:
    """Return status and root reason of an answer, in one line."""
    told: Any = error.body
    if isinstance(told, dict) and isinstance(told.get("error"), dict):
        cause = told["error"]
        text = cause.get("reason") or cause.get("type") or ""
        # The innermost cause says what is wrong; the outer ones say where.
        while isinstance(cause.get("caused_by"), dict):
            cause = cause["caused_by"]
            text = f"{text}: {cause.get('reason')}" if cause.get("reason") else text
        return f"{error.status_code}: {' '.join(str(text).split())[:400]}"
    return f"{error.status_code}: {_one_line(error)}"


def _one_line(error: Exception) -> str:
    """Return the last of a chain of causes, which is the one that says what happened."""
    text = " ".join(str(error).split())
    return (
        text.rpartition("caused by: ")[2].rpartition("Error(")[2].strip("() ")[:300] or text[:300]
    )
