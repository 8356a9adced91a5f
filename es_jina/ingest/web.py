"""Files from the web: one GET with patience, into a file or into memory."""

import io
import random
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from ssl import SSLCertVerificationError, SSLContext
from typing import BinaryIO

import httpx

from es_jina.errors import ItemError
from es_jina.ingest.content import read_temporary, words_of
from es_jina.ingest.hosts import Hosts
from es_jina.ingest.sources import Candidate, Source

MAX_BYTES = 200_000_000
MOST_REDIRECTS = 5
CONNECT_SECONDS = 10.0
IDLE_SECONDS = 30.0
TOTAL_SECONDS = 300.0
ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0

# The server may answer the same request later.
_TRANSIENT = frozenset({429, 502, 503, 504})
_DENIED = frozenset({401, 403})
_DROPPED = (httpx.NetworkError, httpx.RemoteProtocolError, httpx.TimeoutException)
_BLOCK = 1 << 16
# Types that say what a file should be; others, text/plain among them, are given to anything, and
# the address says it better.
_SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/tiff": ".tiff",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/heic": ".heic",
    "image/avif": ".avif",
}
# A letter of a password that should have been percent-encoded hides where the host begins: what is
# no port behind the colon is a password, up to the last @.
_USER = re.compile(r"^(\w+://)(?:[^/?#]*|[^/?#@:\[]*:(?!\d*(?:[/?#]|$)).*)@", re.DOTALL)
_HOST = re.compile(rb"[A-Za-z0-9._~:-]+")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the server says of a file.

    Attributes:
        mime: its media type, empty where it says none.
        charset: its encoding.
    """

    mime: str
    charset: str | None


class _LaterError(Exception):
    """The same request may be answered later.

    Attributes:
        reason: of the failure, for people.
        pause: the seconds that the server asks for.
        dropped: what the library said where there was no whole answer.
    """

    def __init__(
        self, reason: str, pause: float = 0.0, dropped: httpx.TransportError | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pause = pause
        self.dropped = dropped


def web_candidate(url: str, folder: Path) -> Candidate:
    """Name a page, a picture or a PDF on the web; nothing is fetched before it is read.

    Args:
        url: http or https.
        folder: where what is fetched lies until its source is discarded.
    """

    def download(into: BinaryIO) -> _Answer:
        return _download(url, into, MAX_BYTES, Hosts())

    return Candidate(_uri(url), without_user(url), None, lambda: _read(url, folder, download))


def fetched_candidate(
    url: str, content: bytes, mime: str, charset: str | None, folder: Path
) -> Candidate:
    """Name what somebody else has fetched; it has the documents that it would have else.

    Args:
        url: http or https.
        content: what is there.
        mime: its media type, empty where the server says none.
        charset: its encoding, as the server says.
        folder: where it lies until its source is discarded.
    """
    answer = _Answer(mime, charset)

    def write(into: BinaryIO) -> _Answer:
        into.write(content)
        return answer

    return Candidate(_uri(url), without_user(url), None, lambda: _read(url, folder, write))


def without_user(url: str) -> str:
    """Return an address as it may be shown and kept: without user and password."""
    return _USER.sub(r"\1", url)


def fetch(url: str, *, limit: int = MAX_BYTES, hosts: Hosts | None = None) -> bytes:
    """Return what is at an address.

    Args:
        url: http or https.
        limit: bytes; what is longer is not fetched to its end.
        hosts: what earlier calls have learned; those that were given up are not asked.

    Raises:
        ItemError: it cannot be had, or is too large.
    """
    buffer = io.BytesIO()
    _download(url, buffer, limit, hosts or Hosts())
    return buffer.getvalue()


def _read(url: str, folder: Path, write: Callable[[BinaryIO], _Answer]) -> Source | None:
    path = folder / uuid.uuid4().hex
    try:
        with path.open("wb") as file:
            answer = write(file)
        address = httpx.URL(url)
        place = Path(address.path)
        path = path.rename(path.with_suffix(_suffix(answer.mime, place)))
    except OSError as error:
        path.unlink(missing_ok=True)
        raise ItemError(f"cannot be kept in {str(folder)!r}: {error.strerror}") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    title = words_of(place.stem) or address.host
    return read_temporary(path, _uri(url), without_user(url), title=title, charset=answer.charset)


def _uri(url: str) -> str:
    """Return what names a page in the index: no place in it, and nobody's password."""
    return without_user(url).partition("#")[0]


def _suffix(mime: str, place: Path) -> str:
    suffix = place.suffix if _SUFFIX.fullmatch(place.suffix) else ""
    return _SUFFIXES.get(mime, suffix)


def _download(url: str, into: BinaryIO, limit: int, hosts: Hosts) -> _Answer:
    """Write what is at an address to a stream.

    Raises:
        ItemError: it cannot be had, or is too large.
    """
    deadline = time.monotonic() + TOTAL_SECONDS
    pause = FIRST_PAUSE_SECONDS
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _attempt(url, into, limit, deadline, hosts)
        except _LaterError as later:
            wait = max(later.pause, pause * random.uniform(0.5, 1.0))  # noqa: S311
            if attempt == ATTEMPTS or time.monotonic() + wait > deadline:
                reason = f"{later.reason}; tried {attempt} times, run again later"
                _note(hosts, later.dropped, reason)
                raise ItemError(reason) from None
            time.sleep(wait)
            pause *= 2
    raise AssertionError("unreachable")


def _note(hosts: Hosts, dropped: httpx.TransportError | None, reason: str) -> None:
    """Note a host that hangs or is away; behind a redirect it is another one than was asked for."""
    if isinstance(dropped, httpx.TimeoutException | httpx.ConnectError):
        connected = not isinstance(dropped, httpx.ConnectTimeout | httpx.ConnectError)
        hosts.unreachable(_host(dropped.request.url), reason, connected=connected)


def _host(url: httpx.URL) -> str:
    return url.netloc.decode("ascii")


def _attempt(url: str, into: BinaryIO, limit: int, deadline: float, hosts: Hosts) -> _Answer:
    into.seek(0)
    into.truncate()
    address, auth = _parted(url)
    hosts.check(_host(address))
    with (
        _errors_named(),
        _client() as client,
        client.stream("GET", address, auth=auth) as response,
    ):
        hosts.answered(_host(response.url))
        _check(response)
        if int(response.headers.get("Content-Length") or 0) > limit:
            raise ItemError(_too_large(limit))
        size = 0
        for block in response.iter_bytes(_BLOCK):
            size += len(block)
            if size > limit:
                raise ItemError(_too_large(limit))
            if time.monotonic() > deadline:
                raise ItemError(f"not fetched within {TOTAL_SECONDS:.0f} seconds; fetch it by hand")
            into.write(block)
        mime = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return _Answer(mime, response.charset_encoding)


def _parted(url: str) -> tuple[httpx.URL, tuple[str, str] | None]:
    """Part an address from its user and password, which neither logs nor errors then hold.

    Raises:
        ItemError: it is none.
    """
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError) as error:
        # What cannot be understood may be a part of the password.
        hint = "percent-encode the special letters of user and password"
        raise ItemError(
            f"cannot be fetched: no valid address ({hint if '@' in url else _reason(error)})"
        ) from error
    auth = (address.username, address.password) if address.userinfo else None
    return address.copy_with(userinfo=b""), auth


def _too_large(limit: int) -> str:
    return f"over the limit of {limit / 1e6:,.0f} MB for what is fetched: download it by hand"


def _check(response: httpx.Response) -> None:
    """Refuse an answer that is no success."""
    status = response.status_code
    if response.is_success:
        return
    reason = f"HTTP {status} {' '.join(response.reason_phrase.split())}".rstrip()
    if status in _TRANSIENT:
        asked = response.headers.get("Retry-After", "")
        seconds = float(asked) if asked.isascii() and asked.isdigit() else 0.0
        raise _LaterError(reason, min(seconds, LONGEST_PAUSE_SECONDS))
    if status in _DENIED:
        reason += "; where user and password are needed, give them in the address each time: "
        reason += "they are not kept"
    raise ItemError(reason)


@contextmanager
def _errors_named() -> Iterator[None]:
    """Turn the library's errors into ours."""
    try:
        yield
    except httpx.TooManyRedirects:
        raise ItemError(f"more than {MOST_REDIRECTS} redirects") from None
    except httpx.UnsupportedProtocol:
        raise ItemError("only http and https are fetched") from None
    except httpx.InvalidURL as error:
        raise ItemError(f"redirected to no valid address ({_reason(error)})") from error
    except _DROPPED as error:
        raise _dropped(error) from error
    except (httpx.HTTPError, UnicodeError, OSError) as error:
        raise ItemError(f"cannot be fetched: {_reason(error)}") from error


def _dropped(error: httpx.TransportError) -> _LaterError | ItemError:
    """Tell what may pass from what never does."""
    cause = error.__cause__
    told = cause.args[0] if cause is not None and cause.args else None
    if isinstance(told, SSLCertVerificationError):
        return ItemError(
            f"its certificate is not trusted ({told.verify_message}): add its authority's to the "
            "PEM file that SSL_CERT_FILE names, or download it by hand"
        )
    # Before it follows a redirect, the library reads where it leads; all else has a cause below.
    if isinstance(error, httpx.RemoteProtocolError) and cause is None:
        return ItemError(f"redirected to no valid address ({_reason(error)})")
    return _LaterError(f"cannot be reached: {_reason(error)}", dropped=error)


def _reason(error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    return " ".join(reason.split()) or type(error).__name__


def _client() -> httpx.Client:
    return httpx.Client(
        follow_redirects=True,
        max_redirects=MOST_REDIRECTS,
        timeout=httpx.Timeout(IDLE_SECONDS, connect=CONNECT_SECONDS),
        headers={"User-Agent": "es_jina"},
        event_hooks={"request": [_check_address]},
        verify=_certificates(),
    )


def _check_address(request: httpx.Request) -> None:
    """Refuse a host or a port that cannot be; resolvers answer that it may be found later.

    It is called for each redirect, too.
    """
    url = request.url
    if not _HOST.fullmatch(url.raw_host) or not 0 < (url.port or 80) < 65536:
        raise ItemError(f"cannot be fetched: no valid address ({without_user(str(url))})")


@cache
def _certificates() -> SSLContext:
    """Read the list of authorities once: it takes longer than many a download."""
    return httpx.create_ssl_context()
