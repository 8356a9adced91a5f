"""Every document of an index, as the index was at one moment."""

from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

import orjson
from elasticsearch import ApiError, Elasticsearch, TransportError

from es_jina.elastic.patience import patient

Hit = dict[str, Any]

_KEEP_ALIVE = "30m"
_FIRST_HITS, _MOST_HITS = 10, 500
_PAGE_BYTES = 8_000_000
_RETRY_FOR = 120.0  # seconds of patience with one request


def scan(
    client: Elasticsearch, index: str, body: dict[str, Any], sleep: Callable[[float], object]
) -> Generator[Hit, None, None]:
    """Yield the hits of all documents, in pages of some megabytes.

    Args:
        client: of the cluster.
        index: whose documents.
        body: of the search: what a hit shows.
        sleep: makes the pauses between one try and the next.

    Raises:
        elasticsearch.ApiError, elasticsearch.TransportError: refused for good, or for too long.
    """
    asked = client.options(max_retries=0)  # patience is kept here alone
    pit = patient(
        lambda: asked.open_point_in_time(index=index, keep_alive=_KEEP_ALIVE), _RETRY_FOR, sleep
    )["id"]
    whole = {
        **body,
        "pit": {"id": pit, "keep_alive": _KEEP_ALIVE},
        "sort": ["_shard_doc"],
        "track_total_hits": False,
        "size": _FIRST_HITS,
    }
    try:
        # Documents of a shard that is away must not be missed in silence.
        while hits := patient(
            lambda: asked.search(body=whole, allow_partial_search_results=False), _RETRY_FOR, sleep
        )["hits"]["hits"]:
            yield from hits
            whole["search_after"] = hits[-1]["sort"]
            fitting = int(len(hits) * _PAGE_BYTES / len(orjson.dumps(hits)))
            whole["size"] = max(1, min(fitting, 2 * len(hits), _MOST_HITS))
    finally:
        # It would expire by itself.
        with suppress(ApiError, TransportError):
            client.close_point_in_time(id=pit)
