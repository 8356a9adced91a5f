"""The folder that makes an index usable from Kibana, as files."""

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from es_jina.elastic.capabilities import Capabilities
from es_jina.kibana.needs import lacking
from es_jina.kibana.saved_objects import saved_objects, to_ndjson
from es_jina.kibana.searches import RerankField, Searches, searches
from es_jina.profile import IndexProfile


@dataclass(frozen=True, slots=True)
class Bundle:
    """What Kibana gets for one index.

    Attributes:
        index: the alias.
        profile: of the index.
        capabilities: of the cluster.
        rerank_field: what the endpoint ``INDEX-rerank`` reads; ``None`` where there is nothing.
        server: the address of `es-jina serve` as browsers reach it, for pictures of pages.
    """

    index: str
    profile: IndexProfile
    capabilities: Capabilities
    rerank_field: RerankField | None
    server: str | None = None

    @property
    def searches(self) -> Searches:
        """The searches that fit the index."""
        return searches(self.index, self.profile, self.rerank_field)

    def lacking(self, text: str) -> list[str]:
        """Return what a search takes and the cluster lacks."""
        return lacking(text, self.capabilities, self.profile)

    def objects(self) -> bytes:
        """Return the saved objects, as Kibana imports them.

        Raises:
            RequestError: the server's address is not one.
        """
        return to_ndjson(saved_objects(self.index, self.profile, self.server))


def files(bundle: Bundle) -> dict[str, bytes]:
    """Return the files of the folder, by their paths in it.

    Raises:
        RequestError: the server's address is not one.
    """
    from es_jina.kibana.console import console
    from es_jina.kibana.readme import readme

    writers: dict[str, Callable[[Bundle], str]] = {"console.txt": console, "README.md": readme}
    found = {name: write(bundle).encode() for name, write in writers.items()}
    found["saved-objects.ndjson"] = bundle.objects()
    for template in bundle.searches.templates:
        body = orjson.dumps(template.asset.signed, option=orjson.OPT_INDENT_2)
        found[f"search/{template.name}.json"] = body + b"\n"
    for query in bundle.searches.queries:
        found[f"search/{query.name}.esql"] = f"// {query.about}\n{query.text}".encode()
    return found
