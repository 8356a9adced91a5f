"""What Kibana gets for an index."""

from dataclasses import dataclass
from functools import cached_property

from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.inference import query_name, rerank_name
from es_jina.kibana.needs import lacking
from es_jina.kibana.saved_objects import saved_objects, to_ndjson
from es_jina.kibana.searches import (
    RerankField,
    Searches,
    needs_query_endpoint,
    needs_rerank_endpoint,
    searches,
)
from es_jina.profile import IndexProfile


@dataclass(frozen=True)
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

    @cached_property
    def searches(self) -> Searches:
        """The searches that fit the index."""
        return searches(self.index, self.profile, self.rerank_field)

    @property
    def endpoints(self) -> dict[str, str]:
        """What each inference endpoint does that a search asks, by its name."""
        found = {}
        fitted = self.searches
        texts = [each.text for each in fitted.templates]
        texts += [each.text for each in fitted.queries]
        if any(map(needs_query_endpoint, texts)):
            found[query_name(self.index)] = "embeds what is typed"
        if any(map(needs_rerank_endpoint, texts)):
            found[rerank_name(self.index)] = "orders hits anew"
        return found

    def lacking(self, text: str) -> list[str]:
        """Return what a search takes and the cluster lacks."""
        return lacking(text, self.capabilities, self.profile)

    def objects(self) -> bytes:
        """Return the saved objects, as Kibana imports them.

        Raises:
            RequestError: the server's address is not one.
        """
        return to_ndjson(saved_objects(self.index, self.profile, self.server))
