"""The rerankers that the hosted API runs, as far as a user of Elasticsearch needs them."""

from dataclasses import replace

from es_jina.errors import RequestError
from es_jina.providers.base import V4, ModelInfo
from es_jina.providers.hosted_models import HostedModel

# It reads 10,240 tokens, query and document together, and up to 768 tiles of an image.
_M0 = HostedModel(
    ModelInfo(
        name="jinaai/jina-reranker-m0",
        revision=None,
        dims=(),
        multi_dims=None,
        max_pixels=V4.max_pixels,
    ),
    {},
    images=True,
    late_chunking=False,
    longest=10_240,
    tile=28,
    billed_per_tile=10,
)
_V3 = replace(
    _M0,
    info=replace(_M0.info, name="jinaai/jina-reranker-v3"),
    images=False,
    longest=131_072,
)
HOSTED_RERANKERS = {model.info.name.partition("/")[2]: model for model in (_M0, _V3)}


def hosted_reranker(name: str, *, server: bool = False) -> HostedModel:
    """Return what is known of a reranker.

    Args:
        name: with or without ``jinaai/``.
        server: whether a server of its own runs it, which may know it by any name: one that is not
            known here is taken for jina-reranker-m0.

    Raises:
        RequestError: the hosted API runs no such reranker, or it is not for Elasticsearch.
    """
    found = HOSTED_RERANKERS.get(name.removeprefix("jinaai/"))
    if found is not None:
        return found
    if server:
        return _M0
    raise RequestError(
        f"the hosted API does not rerank with {name!r}: choose from {', '.join(HOSTED_RERANKERS)}"
    )
