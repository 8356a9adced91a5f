"""What the routes of the search page are made of."""

from contextlib import ExitStack
from dataclasses import dataclass

from es_jina.server.pages import Pages
from es_jina.server.service import Service
from es_jina.server.web.adding import Adding
from es_jina.server.web.served import ServedIndices
from es_jina.server.wire.files import Fetch, WireFiles


@dataclass(frozen=True, slots=True)
class Web:
    """The parts.

    Attributes:
        indices: that are searched.
        service: embeds, through the queue.
        files: reads the pictures of requests.
        pages: renders PDFs of requests.
        fetch: reads addresses; ``None`` where they are not allowed.
        adding: adds what clients send; ``None`` where they may not.
        public_thumbnails: whether those are shown to clients that other routes ask for a key.
        examples: queries that the page offers.
        closing: left when nothing is embedded any more: what must be closed is put onto it.
    """

    indices: ServedIndices
    service: Service
    files: WireFiles
    pages: Pages
    fetch: Fetch | None
    adding: Adding | None
    public_thumbnails: bool
    examples: tuple[str, ...]
    closing: ExitStack
