"""Pages and files from a real server."""

import base64
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response
from werkzeug.datastructures import Headers

from es_jina.errors import ItemError
from es_jina.ingest import web
from es_jina.ingest.hosts import Hosts
from es_jina.ingest.sources import Source
from es_jina.ingest.web import fetch, fetched_candidate, web_candidate

from .files import pdf, picture


def hang_up(request: Request) -> Response:
    """Close the connection without an answer."""
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return Response()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "FIRST_PAUSE_SECONDS", 0.001)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def read(httpserver: HTTPServer, scratch: Path) -> Callable[[str], Source]:
    def reading(path: str) -> Source:
        source = web_candidate(httpserver.url_for(path), scratch).read()
        assert source is not None
        return source

    return reading


def serve(httpserver: HTTPServer, path: str, *answers: Response) -> None:
    """Serve answers in turn, the last one for ever."""
    left = list(answers)

    def handle(_: Request) -> Response:
        return left.pop(0) if len(left) > 1 else left[0]

    httpserver.expect_request(path).respond_with_handler(handle)


class To(Response):
    """A redirect to an address that werkzeug would not send."""

    def __init__(self, location: str) -> None:
        super().__init__(status=302, headers={"Location": location})

    def get_wsgi_headers(self, environ: Any) -> Headers:
        return self.headers


def test_a_page(httpserver: HTTPServer, scratch: Path, read: Callable[[str], Source]) -> None:
    page = "<title>Heat</title><p>Grüße".encode("iso-8859-1")
    serve(httpserver, "/a", Response(page, content_type="text/html; charset=iso-8859-1"))
    source = read("/a?q=1#part")
    assert (source.mime, source.title, source.text) == ("text/html", "Heat", "Grüße")
    assert source.uri == httpserver.url_for("/a?q=1")
    assert source.name == httpserver.url_for("/a?q=1#part")
    assert source.stamp is None
    assert list(scratch.iterdir()) == []


def test_a_text_in_the_charset_of_its_server(
    httpserver: HTTPServer, read: Callable[[str], Source]
) -> None:
    text = "Grüße".encode("iso-8859-1")
    serve(httpserver, "/a", Response(text, content_type="text/plain; charset=iso-8859-1"))
    assert read("/a").text == "Grüße"


@pytest.mark.parametrize(
    ("path", "content_type", "mime"),
    [
        ("/notes.md", "text/plain", "text/markdown"),
        ("/notes", "text/markdown; charset=utf-8", "text/markdown"),
        ("/notes", "application/octet-stream", "text/plain"),
        # An address that looks like a file's may be a page's.
        ("/File:photo.jpg", "text/html", "text/html"),
        ("/notes.%2F..%2Fx", "text/plain", "text/plain"),
    ],
)
def test_texts(
    httpserver: HTTPServer,
    read: Callable[[str], Source],
    path: str,
    content_type: str,
    mime: str,
) -> None:
    everywhere = re.compile(".*")
    httpserver.expect_request(everywhere).respond_with_data("# Words", content_type=content_type)
    assert read(path).mime == mime


@pytest.mark.parametrize("content_type", ["image/png", "application/octet-stream"])
def test_a_picture(
    httpserver: HTTPServer,
    tmp_path: Path,
    scratch: Path,
    read: Callable[[str], Source],
    content_type: str,
) -> None:
    content = picture(tmp_path / "a.png").read_bytes()
    serve(httpserver, "/pics/red bike.png", Response(content, content_type=content_type))
    source = read("/pics/red%20bike.png")
    assert isinstance(source.image, Path)
    assert source.image.parent == scratch
    assert source.image.read_bytes() == content
    assert (source.title, source.temporary, source.size) == ("red bike", True, len(content))
    source.discard()
    assert list(scratch.iterdir()) == []


def test_a_pdf_behind_redirects(
    httpserver: HTTPServer, tmp_path: Path, read: Callable[[str], Source]
) -> None:
    content = pdf(tmp_path / "a.pdf", "hello").read_bytes()
    serve(httpserver, "/0", Response(status=302, headers={"Location": "/1"}))
    serve(httpserver, "/1", Response(status=307, headers={"Location": "/real.pdf"}))
    serve(httpserver, "/real.pdf", Response(content, content_type="application/pdf"))
    source = read("/0")
    assert source.pdf is not None
    assert source.uri == httpserver.url_for("/0")


def test_other_kinds_are_skipped(httpserver: HTTPServer, scratch: Path) -> None:
    serve(httpserver, "/a.zip", Response(b"PK\3\4\0\0", content_type="application/zip"))
    assert web_candidate(httpserver.url_for("/a.zip"), scratch).read() is None
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_asks_again(httpserver: HTTPServer, status: int) -> None:
    serve(httpserver, "/a", Response(status=status), Response(status=status), Response("ok"))
    assert fetch(httpserver.url_for("/a")) == b"ok"


def test_asks_again_when_the_connection_drops(httpserver: HTTPServer) -> None:
    answers: Iterator[Callable[[Request], Response]] = iter([hang_up, hang_up])

    def handle(request: Request) -> Response:
        return next(answers, lambda _: Response("ok"))(request)

    httpserver.expect_request("/a").respond_with_handler(handle)
    assert fetch(httpserver.url_for("/a")) == b"ok"


def test_a_half_answer_is_not_kept(httpserver: HTTPServer) -> None:
    def half(request: Request) -> Response:
        def parts() -> Iterator[bytes]:
            yield b"half"
            hang_up(request)

        return Response(parts(), headers={"Content-Length": "8"})

    answers = iter([half])

    def handle(request: Request) -> Response:
        return next(answers, lambda _: Response("whole"))(request)

    httpserver.expect_request("/a").respond_with_handler(handle)
    assert fetch(httpserver.url_for("/a")) == b"whole"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Response(status=404), "^HTTP 404 NOT FOUND$"),
        (Response(status=500), "^HTTP 500"),
        (Response(status=503), "^HTTP 503 SERVICE UNAVAILABLE; tried 4 times, run again later$"),
        (Response(status=302, headers={"Location": "/a"}), "more than 5 redirects"),
        (Response(status=302, headers={"Location": "file:///a"}), "only http and https"),
        (Response(status=302, headers={"Location": "ftp://a/b"}), "only http and https"),
        (Response(status=302, headers={"Location": "mailto:me"}), "redirected to no valid address"),
        (To("http://a:b/"), "redirected to no valid address .*port: 'b'"),
        (To("http://a:99999/"), r"^cannot be fetched: no valid address \(http://a:99999/\)$"),
        (Response(b"this is no gzip", headers={"Content-Encoding": "gzip"}), "cannot be fetched"),
        (Response(b"", content_type="text/plain"), "the file is empty"),
        (Response(b"words", content_type="application/pdf"), "not a PDF"),
    ],
    ids=[
        "404",
        "500",
        "503",
        "loop",
        "file",
        "ftp",
        "mailto",
        "no-port",
        "port",
        "gzip",
        "empty",
        "no-pdf",
    ],
)
def test_refused(httpserver: HTTPServer, scratch: Path, answer: Response, message: str) -> None:
    serve(httpserver, "/a", answer)
    with pytest.raises(ItemError, match=message) as caught:
        web_candidate(httpserver.url_for("/a"), scratch).read()
    assert "\n" not in str(caught.value)
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1:1/a", "cannot be reached: .*; tried 4 times"),
        ("ftp://example.org/a", "only http and https are fetched"),
        ("http://", "cannot be fetched: no valid address"),
        ("http://exa mple/", "cannot be fetched: no valid address"),
        ("http://[::1", "cannot be fetched: no valid address"),
        ("http://[bad/", "cannot be fetched: no valid address"),
        ("http://a:b/", "cannot be fetched: no valid address .*port: 'b'"),
        ("http://127.0.0.1:99999/", r"cannot be fetched: no valid address .*99999/\)$"),
        ("http://127.0.0.1:-1/", "cannot be fetched: no valid address"),
        ("http://a..b/", "cannot be fetched"),
    ],
)
def test_addresses_that_lead_nowhere(url: str, message: str, scratch: Path) -> None:
    with pytest.raises(ItemError, match=message):
        fetch(url)
    with pytest.raises(ItemError, match=message):
        web_candidate(url, scratch).read()


def test_a_certificate_is_trusted_where_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with HTTPServer(host="127.0.0.1", ssl_context=context) as server:
        serve(server, "/a", Response("words"))
        with pytest.raises(ItemError, match=r"^its certificate is not trusted .*SSL_CERT_FILE"):
            fetch(server.url_for("/a"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        monkeypatch.setattr(web, "_certificates", web._certificates.__wrapped__)
        assert fetch(server.url_for("/a")) == b"words"


@pytest.mark.parametrize("told", [True, False])
def test_what_is_too_large_is_not_fetched_to_its_end(httpserver: HTTPServer, told: bool) -> None:
    sent = 0

    def parts() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 100_000
            yield b"x" * 100_000

    headers = {"Content-Length": "100000000"} if told else {}
    serve(httpserver, "/a", Response(parts(), headers=headers))
    with pytest.raises(ItemError, match="over the limit of 1 MB"):
        fetch(httpserver.url_for("/a"), limit=1_000_000)
    assert sent < 50_000_000


def test_a_server_that_falls_silent(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "IDLE_SECONDS", 0.1)
    monkeypatch.setattr(web, "ATTEMPTS", 2)

    def parts() -> Iterator[bytes]:
        yield b"x"
        time.sleep(0.5)

    httpserver.expect_request("/a").respond_with_handler(lambda _: Response(parts()))
    with pytest.raises(ItemError, match=r"cannot be reached: .*timed out; tried 2 times"):
        fetch(httpserver.url_for("/a"))


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """A server that never answers in time below /hangs."""
    monkeypatch.setattr(web, "IDLE_SECONDS", 0.2)
    with HTTPServer(threaded=True) as server:

        def handle(_: Request) -> Response:
            time.sleep(0.4)
            return Response()

        server.expect_request(re.compile("/hangs.*")).respond_with_handler(handle)
        yield server


def test_a_host_that_falls_silent_is_given_up(hanging: HTTPServer) -> None:
    hosts = Hosts()
    start = time.monotonic()
    for _ in range(30):
        with pytest.raises(ItemError, match=r"^cannot be reached: .*timed out; tried 4 times"):
            fetch(hanging.url_for("/hangs"), hosts=hosts)
    # Of 24 seconds.
    assert time.monotonic() - start < 8


def test_a_host_that_answers_between_is_not_given_up(hanging: HTTPServer) -> None:
    serve(hanging, "/busy", Response(status=404))
    serve(hanging, "/a", Response("a"))
    hosts = Hosts()
    for path in ("/hangs/1", "/busy", "/hangs/2"):
        with suppress(ItemError):
            fetch(hanging.url_for(path), hosts=hosts)
    assert fetch(hanging.url_for("/a"), hosts=hosts) == b"a"


def test_behind_a_redirect_it_is_the_other_host_that_is_given_up(httpserver: HTTPServer) -> None:
    serve(httpserver, "/gone", To("http://127.0.0.1:1/"))
    serve(httpserver, "/a", Response("a"))
    hosts = Hosts()
    with pytest.raises(ItemError, match="tried 4 times"):
        fetch(httpserver.url_for("/gone"), hosts=hosts)
    assert fetch(httpserver.url_for("/a"), hosts=hosts) == b"a"
    with pytest.raises(ItemError, match="tried 4 times"):
        hosts.check("127.0.0.1:1")


def test_a_server_that_drips(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "TOTAL_SECONDS", 0.2)
    monkeypatch.setattr(web, "_BLOCK", 1)

    def parts() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x"
            time.sleep(0.05)

    httpserver.expect_request("/a").respond_with_handler(lambda _: Response(parts()))
    with pytest.raises(ItemError, match="not fetched within"):
        fetch(httpserver.url_for("/a"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:secret@example.org/a?b=c", "https://example.org/a?b=c"),
        ("https://me@example.org", "https://example.org"),
        ("https://me:s@cret@[::1]:80/a", "https://[::1]:80/a"),
        # Not encoded, as people write them.
        ("https://me:sec/ret@example.org/a", "https://example.org/a"),
        ("https://me:sec#ret@example.org/a", "https://example.org/a"),
        ("https://me:sec?ret@example.org/a", "https://example.org/a"),
        # These have none.
        ("https://example.org/@me", "https://example.org/@me"),
        ("https://example.org:80/a@b", "https://example.org:80/a@b"),
        ("https://example.org?to=me@example.org", "https://example.org?to=me@example.org"),
        ("https://[::1]:80/a@b", "https://[::1]:80/a@b"),
    ],
)
def test_passwords_reach_neither_index_nor_names(url: str, shown: str, scratch: Path) -> None:
    candidate = web_candidate(f"{url}#d", scratch)
    assert (candidate.uri, candidate.name) == (shown, f"{shown}#d")


def test_a_password_is_sent_and_not_kept(httpserver: HTTPServer, scratch: Path) -> None:
    basic = {"Authorization": f"Basic {base64.b64encode(b'me:s@cret').decode()}"}
    httpserver.expect_request("/a", headers=basic).respond_with_data("words")
    httpserver.expect_request("/b").respond_with_response(
        Response(status=302, headers={"Location": "/a"})
    )
    for path in ("/a", "/b"):
        there = httpserver.url_for(path)
        source = web_candidate(there.replace("//", "//me:s%40cret@"), scratch).read()
        assert source is not None
        assert (source.name, source.text) == (there, "words")


def test_what_somebody_else_has_fetched_is_the_same_source(
    httpserver: HTTPServer, scratch: Path
) -> None:
    content, mime = "<p>Ein Käfer".encode("latin-1"), "text/html"
    served = httpserver.expect_request("/some-page.pdf")
    served.respond_with_data(content, content_type=f"{mime}; charset=latin-1")
    url = httpserver.url_for("/some-page.pdf#end")
    ours = web_candidate(url, scratch).read()
    theirs = fetched_candidate(url, content, mime, "latin-1", scratch).read()
    for each in (ours, theirs):
        assert each is not None
        assert (each.title, each.text, each.mime) == ("Ein Käfer", "Ein Käfer", mime)
    assert ours is not None
    assert theirs is not None
    assert (ours.uri, ours.name, ours.sha256) == (theirs.uri, theirs.name, theirs.sha256)
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_password_that_is_missing_is_asked_for(httpserver: HTTPServer, status: int) -> None:
    serve(httpserver, "/a", Response(status=status))
    with pytest.raises(ItemError, match=f"^HTTP {status} .*give them in the address each time"):
        fetch(httpserver.url_for("/a"))


@pytest.mark.parametrize("password", ["sec/ret", "sec#ret", "sec?ret"])
def test_a_password_that_spoils_its_address_is_not_told(password: str) -> None:
    with pytest.raises(ItemError, match="percent-encode the special letters") as caught:
        fetch(f"http://me:{password}@127.0.0.1/a")
    assert "sec" not in str(caught.value).replace("special", "")
