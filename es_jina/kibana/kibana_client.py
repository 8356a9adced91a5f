"""Kibana's import API: the only module that speaks to Kibana."""

import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import orjson

from es_jina.errors import KibanaError, RequestError
from es_jina.kibana.address import web_address
from es_jina.kibana.kibana_answers import (
    Imported,
    imported,
    no_kibana,
    one_line,
    redirected,
    refusal,
    unknown_space,
)

# Kibana answers when the objects can be found, which takes Elasticsearch a refresh.
TIMEOUT = 60.0
CONNECT_TIMEOUT = 10.0

_SPACE = "/api/spaces/space/"
_DEFAULT_SPACE = "default"
# Kibana's own rule, which it holds to where a space is made. Others are not there, and dots would
# be folded away: another space would be meant.
_SPACE_ID = re.compile(r"[a-z0-9_-]+")
_IMPORT = "/api/saved_objects/_import"
# Kibana takes the end of the name for what is in the file, and the header for a promise that no
# browser was made to send this; any value will do.
_FILE_NAME = "saved-objects.ndjson"
_HEADERS = {"kbn-xsrf": "es_jina"}


@dataclass(frozen=True, slots=True)
class Kibana:
    """Where a Kibana is and how to sign in.

    Attributes:
        url: of Kibana, such as ``https://host:5601``, with its base path if it has one.
        space: the id of one; ``None`` for the default space.
        api_key: as Elasticsearch gives it out, in base64.
        username: goes with `password`, and not with `api_key`.
        password: of the user.
        ca_certs: PEM file with the authorities that Kibana's certificate is checked against; by
            default those that the environment trusts.

    Raises:
        RequestError: the address is none, or no space can have that id.
    """

    url: str
    space: str | None = None
    api_key: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_certs: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, before anything is sent."""
        web_address(self.url, "Kibana's address", "https://host:5601")
        try:
            # It reads hosts of xn-- too, and refuses more of them.
            _ = httpx.URL(self.url).host
        except (ValueError, httpx.InvalidURL) as error:
            raise RequestError(f"Kibana's address {self.url!r}: {one_line(error)}") from error
        if self.space is not None and not _SPACE_ID.fullmatch(self.space):
            raise RequestError(
                f"no space of Kibana can have the id {self.space!r}: ids are of a-z, 0-9, _ and -; "
                "give the one that Kibana's address shows behind /s/"
            )

    def check(self) -> None:
        """Look whether Kibana can be reached and signed in to, and has the space.

        Raises:
            KibanaError: it is not so.
        """
        with self._open() as client:
            self._check_space(client)

    def import_objects(self, ndjson: bytes) -> Imported:
        """Import objects, over those that are there.

        Args:
            ndjson: an object a line, as Kibana exports them.

        Returns:
            What Kibana says of it; :meth:`Imported.check` raises what went wrong with some.

        Raises:
            KibanaError: Kibana cannot be reached, or refuses the whole.
        """
        with self._open() as client:
            if self.space is not None:
                self._check_space(client)
            request = client.build_request(
                "POST",
                self._address(_IMPORT, self.space),
                params={"overwrite": "true"},
                files={"file": (_FILE_NAME, ndjson, "application/ndjson")},
            )
            answer = self._answer(client, request)
            self._check(answer)
        try:
            return imported(orjson.loads(answer.content))
        except (ValueError, LookupError, TypeError, AttributeError) as error:  # of another shape
            raise no_kibana(self.url, answer.status_code) from error

    def _address(self, route: str, space: str | None = None) -> str:
        below = "" if space is None else f"/s/{space}"
        return self.url.rstrip("/") + below + route

    def _check_space(self, client: httpx.Client) -> None:
        """Refuse a space that is not there; Kibana itself would import into it all the same."""
        asked = self.space or _DEFAULT_SPACE
        answer = self._answer(client, client.build_request("GET", self._address(_SPACE + asked)))
        if self.space is not None and answer.status_code == 404 and _is_kibana(answer):
            raise unknown_space(self.space)
        self._check(answer)
        try:
            found = orjson.loads(answer.content)["id"]
        except (ValueError, LookupError, TypeError) as error:  # of another shape
            raise no_kibana(self.url, answer.status_code) from error
        if found != asked:
            raise KibanaError(
                f"Kibana at {self.url} was asked for the space {asked!r} and shows "
                f"{one_line(found)!r}; check the address"
            )

    def _check(self, answer: httpx.Response) -> None:
        if answer.next_request is not None:
            asked, location = answer.request.url, answer.next_request.url
            route = asked.raw_path.decode().removeprefix(httpx.URL(self.url).path.rstrip("/"))
            raise redirected(self.url, answer.status_code, route, str(location))
        if not answer.is_success:
            known = _is_kibana(answer)
            raise refusal(self.url, answer.status_code, answer.content, is_kibana=known)

    def _answer(self, client: httpx.Client, request: httpx.Request) -> httpx.Response:
        try:
            return client.send(request)
        except httpx.TimeoutException as error:
            raise KibanaError(
                f"Kibana at {self.url} did not answer in time; check that it is well, and try again"
            ) from error
        except httpx.HTTPError as error:
            raise KibanaError(self._unreachable(error)) from error

    def _unreachable(self, error: Exception) -> str:
        why = one_line(error) or type(error).__name__
        if (of_tls := _tls_error(error)) is None:
            return f"Kibana at {self.url} cannot be reached ({why}); check the address"
        if isinstance(of_tls, ssl.SSLCertVerificationError):
            hint = "give the PEM file with its certificate authority"
        else:
            hint = "give http:// where it speaks plain HTTP"
        return f"no secure connection to Kibana at {self.url} ({why}); {hint}"

    def _open(self) -> httpx.Client:
        headers, auth = dict(_HEADERS), None
        if self.api_key and self.username:
            raise KibanaError("sign in either with an API key or as a user: give one of them")
        if self.api_key:
            if not (self.api_key.isascii() and self.api_key.isprintable()):
                raise KibanaError("the API key has a line end or a letter that no API key has")
            headers["Authorization"] = f"ApiKey {self.api_key}"
        elif self.username:
            auth = httpx.BasicAuth(self.username, self.password or "")
        try:
            return httpx.Client(
                headers=headers,
                auth=auth,
                verify=True if self.ca_certs is None else _authorities(self.ca_certs),
                timeout=httpx.Timeout(TIMEOUT, connect=CONNECT_TIMEOUT),
            )
        # Of a proxy, or of certificates, that the environment names.
        except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
            raise KibanaError(
                f"the proxy or the certificates that the environment names: {one_line(error)}; "
                "check HTTPS_PROXY and SSL_CERT_FILE"
            ) from error


def _is_kibana(answer: httpx.Response) -> bool:
    """Say whether an answer is Kibana's own; it names itself in each."""
    return "kbn-name" in answer.headers


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """Return what led to an error and is of TLS, if anything is."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error


def _authorities(path: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=path)
    except ssl.SSLError as error:
        raise KibanaError(
            f"{path} holds no certificate of an authority: give a PEM file, which begins with "
            "-----BEGIN CERTIFICATE-----"
        ) from error
    except OSError as error:
        raise KibanaError(f"{path}, the certificate authority: {error.strerror}") from error
