"""The name that an index is known by."""

import re

from elasticsearch import Elasticsearch

from es_jina.elastic.client import cluster_errors
from es_jina.errors import RequestError


def require_alias(client: Elasticsearch, index: str) -> None:
    """Refuse the index behind an alias: templates and endpoints are named after the alias.

    Args:
        client: of the cluster.
        index: as somebody named it; it is there.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
        RequestError: it is, such as ``docs-000001`` behind ``docs``.
    """
    with cluster_errors(f"reading the aliases of {index!r}"):
        # The answer has indices for keys, so an alias that was asked for is not among them.
        found = client.indices.get_alias(index=index)
    for alias in found.get(index, {}).get("aliases", {}):
        if re.fullmatch(rf"{re.escape(alias)}-\d+", index):
            raise RequestError(
                f"{index!r} is the index behind the alias {alias!r}: give --index {alias}"
            )
