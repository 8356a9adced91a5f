"""A client for one cluster, and its failures as errors of ours."""

import base64
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elastic_transport import ConnectionError as EsConnectionError
from elastic_transport import HttpHeaders, TlsError, Urllib3HttpNode
from elastic_transport.client_utils import DEFAULT
from elasticsearch import (
    ApiError,
    ConnectionTimeout,
    Elasticsearch,
    TransportError,
)
from urllib3.exceptions import ProtocolError

from es_jina.elastic import cbor
from es_jina.elastic.hints import after_lost_connection, after_refusal, after_tls_failure
from es_jina.elastic.lenient_json import LenientJsonSerializer
from es_jina.elastic.patience import causes
from es_jina.errors import ClusterError

TIMEOUT = 60.0  # seconds for one request


class PlainJsonNode(Urllib3HttpNode):
    """A connection that asks for plain JSON, unless it is asked for CBOR.

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
            if name in plain and plain[name] != cbor.MIMETYPE:
                lines = "x-ndjson" in plain[name]
                plain[name] = "application/x-ndjson" if lines else "application/json"
        return super().perform_request(method, target, body, plain, request_timeout)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a cluster is and how to sign in.

    Attributes:
        url: of the cluster, such as ``https://host:9200``; this or `cloud_id`.
        api_key: as Elasticsearch gives it out, in base64.
        username: goes with `password`, and not with `api_key`.
        password: of the user.
        ca_certs: PEM file with the authorities that the cluster's certificate is checked against;
            by default those that the client trusts.
        cloud_id: of a deployment on Elastic Cloud.
    """

    url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_certs: Path | None = None
    cloud_id: str | None = None

    def connect(self) -> Elasticsearch:
        """Return a client; nothing is sent yet.

        Raises:
            ClusterError: the address, the API key or the authority is not one, or two of them
                exclude each other.
        """
        if (self.url is None) == (self.cloud_id is None):
            raise ClusterError("a cluster has either a url or a cloud_id: give one of them")
        options = self._sign_in()
        if self.ca_certs:
            self._check_authority(self.ca_certs)
            options["ca_certs"] = str(self.ca_certs)
        try:
            return Elasticsearch(
                self.url,
                cloud_id=self.cloud_id,
                serializers={
                    "application/json": LenientJsonSerializer(),
                    cbor.MIMETYPE: cbor.CborSerializer(),
                },
                node_class=PlainJsonNode,
                request_timeout=TIMEOUT,
                **options,
            )
        except (ValueError, OSError) as error:
            raise ClusterError(f"{self._address()}: {_one_line(error)}") from error

    def _sign_in(self) -> dict[str, Any]:
        if self.api_key and self.username:
            raise ClusterError("sign in either with an API key or as a user: give one of them")
        if self.api_key:
            # A line end from a file of secrets would fail only later, in the depth of the client.
            if not (self.api_key.isascii() and self.api_key.isprintable()):
                raise ClusterError("the API key has a line end or a letter that no API key has")
            return {"api_key": self.api_key}
        if self.username:
            # The client would encode a pair in ASCII.
            pair = f"{self.username}:{self.password or ''}".encode()
            return {"basic_auth": base64.b64encode(pair).decode()}
        return {}

    def _address(self) -> str:
        """Return the address as an error may show it, without a password."""
        if self.url is None:
            return f"the cloud id {self.cloud_id!r}, to be copied from the deployment's page"
        return repr(re.sub(r"//[^/]*@", "//", self.url))

    def _check_authority(self, path: Path) -> None:
        """Refuse what the client would refuse at the first request only, or in its own terms."""
        if (self.url or "").startswith("http:"):
            raise ClusterError(
                f"{self._address()} has no TLS to use {path} for: give https:// in --url, or leave "
                "out --ca-certs"
            )
        try:
            if not path.is_dir():
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except ssl.SSLError as error:
            raise ClusterError(
                f"{path} holds no certificate of an authority: give a PEM file, which begins with "
                "-----BEGIN CERTIFICATE-----, with --ca-certs"
            ) from error
        except OSError as error:
            raise ClusterError(f"{path}, the certificate authority: {error.strerror}") from error


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
    return f"{error.status_code}: {_one_line(_told(error))}"


def _told(error: ApiError) -> str:
    told: Any = error.body
    cause: Any = told.get("error") if isinstance(told, dict) else told
    return ": ".join(_reasons(cause)) if isinstance(cause, dict) else str(cause or error.message)


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
    # Higher ones are often said by a proxy in the name of a busy cluster.
    if error.status_code != 401 and error.status_code < 413 and not is_elasticsearch(error):
        return (
            f"what answers at this address (HTTP {error.status_code}) is not Elasticsearch; give "
            "another with --url"
        )
    hint = after_refusal(error, _told(error))
    return f"Elasticsearch answered {reason(error)}" + (f"; {hint}" if hint else "")


def _unanswered(error: TransportError) -> str:
    """Say why there was no answer, and what to do about it."""
    # Of what led to it, the first that names the address or the reason.
    wrappers = (TransportError, ProtocolError)
    why = _one_line(next((e for e in causes(error) if not isinstance(e, wrappers)), error))
    match error:
        case ConnectionTimeout():
            return f"Elasticsearch did not answer in time ({why})"
        case TlsError():
            return f"no secure connection to Elasticsearch ({why}); {after_tls_failure(error)}"
        case EsConnectionError():
            return f"Elasticsearch cannot be reached ({why}); {after_lost_connection(error)}"
        case _:
            return _one_line(error)


def _one_line(told: object) -> str:
    return " ".join(str(told).split())[:400]
