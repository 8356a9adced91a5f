"""What a client is told where an index cannot be asked."""

import logging

from elasticsearch import ApiError, TransportError

from es_jina.elastic.client import is_elasticsearch
from es_jina.elastic.patience import is_transient
from es_jina.errors import ClusterError, EsJinaError, ItemError, ProviderError, RequestError
from es_jina.server.refused import (
    BROKEN,
    BUSY,
    INVALID,
    NOT_FOUND,
    UNAVAILABLE,
    RefusedError,
)
from es_jina.server.threads import RETRY_AFTER

_LOG = logging.getLogger(__name__)


def is_bad_request(error: ClusterError) -> bool:
    """Say whether Elasticsearch found a request malformed, as where an index is another by now."""
    cause = error.__cause__
    return isinstance(cause, ApiError) and cause.status_code == 400


def index_refused(
    index: str, error: EsJinaError, doing: str, *, for_inference: bool = False
) -> RefusedError:
    """Return the refusal of a request that an index was asked for.

    What Elasticsearch says is for the log: it names addresses.

    Args:
        index: its name.
        error: why it could not be asked.
        doing: what was done with it, for the log.
        for_inference: Elasticsearch's own inference services ask: 429 is the one status after
            which they ask again.
    """
    cause = error.__cause__
    if isinstance(cause, RefusedError):
        return cause
    _LOG.warning("%s: %s", doing, error)
    if isinstance(error, RequestError | ItemError):
        return RefusedError(400, str(error), INVALID)
    if isinstance(error, ProviderError):
        return RefusedError(500, str(error), BROKEN)
    if isinstance(cause, ApiError) and cause.status_code == 404 and is_elasticsearch(cause):
        told = f"there is no index {index!r}; create it with `es-jina setup {index}`"
        return RefusedError(404, told, NOT_FOUND)
    if isinstance(cause, ApiError | TransportError) and is_transient(cause):
        return _for_now(index, cause, for_inference=for_inference)
    told = f"the index {index!r} cannot be read: the log of the server says why"
    return RefusedError(503, told, UNAVAILABLE)


def _for_now(index: str, cause: Exception, *, for_inference: bool) -> RefusedError:
    """Return the refusal of what may be asked again."""
    if for_inference:
        told = f"the index {index!r} cannot be read just now: ask again in {RETRY_AFTER} seconds"
        return RefusedError(429, told, BUSY, retry_after=RETRY_AFTER)
    busy = isinstance(cause, ApiError) and cause.status_code == 429
    why = "is too busy" if busy else "does not answer"
    told = f"Elasticsearch {why} just now, so that the index {index!r} cannot be read"
    status, code = (429, BUSY) if busy else (503, UNAVAILABLE)
    return RefusedError(status, told, code, retry_after=RETRY_AFTER)
