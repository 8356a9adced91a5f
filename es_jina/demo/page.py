"""The search page of the demo, on this machine alone."""

import socket
from collections.abc import Callable
from pathlib import Path

from elasticsearch import Elasticsearch

from es_jina.errors import RequestError
from es_jina.providers.base import Provider, Tokenizer
from es_jina.server.limits import Limits
from es_jina.server.run import listen
from es_jina.server.serving import Served, Settings, assemble, url_of

_HOST, _PORT = "127.0.0.1", 8080


class DemoPage:
    """A server for the demo's index; whoever reaches this machine may search it and add to it."""

    def __init__(
        self,
        client: Elasticsearch,
        index: str,
        provider: Provider,
        open_tokenizer: Callable[[], Tokenizer],
        *,
        uploads: Path,
        examples: tuple[str, ...],
        on_ready: Callable[[], object],
    ) -> None:
        """Listen at port 8080, or where that is taken at a free one; nothing is served yet.

        Args:
            client: of the node.
            index: that is searched.
            provider: of the queries' vectors; closed at the end.
            open_tokenizer: reads its tokenizer alone.
            uploads: a folder for the files that are added.
            examples: queries that the page offers.
            on_ready: called when it is served.
        """
        uploads.mkdir(0o700, parents=True, exist_ok=True)
        listening = _listen()
        self.url = f"{url_of(listening, tls=False)}/"
        settings = Settings(
            limits=Limits(),
            indices=(index,),
            allow_image_urls=True,
            uploads=uploads,
            examples=examples,
        )
        served = Served(provider.model, lambda: [provider], open_tokenizer, client)
        self._process, self._app = assemble(listening, served, settings, lambda _: on_ready())

    def run(self) -> int:
        """Serve until Ctrl-C, SIGTERM or :meth:`stop`; return the exit code."""
        return self._process.run(self._app)

    def stop(self) -> None:
        """End it, from any thread."""
        self._process.stop()


def _listen() -> socket.socket:
    try:
        return listen(_HOST, _PORT)
    except RequestError:
        return listen(_HOST, 0)
