"""jina-embeddings-v4 in Elasticsearch: text, images and PDF pages in, hybrid search out.

Everything here loads on first use: ``import es_jina`` brings in neither torch nor a web client.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from es_jina.elastic.capabilities import Capabilities
    from es_jina.elastic.client import Cluster
    from es_jina.elastic.node import Node
    from es_jina.embedding import Embedding, PatchGrid, TokenSpans
    from es_jina.errors import EsJinaError, ItemError, ProviderError, RequestError
    from es_jina.inputs import Image, Task, Text
    from es_jina.profile import IndexProfile
    from es_jina.providers import open_provider, profile_for
    from es_jina.providers.base import ModelInfo, Provider, Ranked, Reranker, Want
    from es_jina.providers.hosted import HostedProvider
    from es_jina.providers.hosted_async import AsyncHostedProvider
    from es_jina.providers.local import LocalProvider
    from es_jina.providers.reranker import HostedReranker
    from es_jina.providers.reranker_async import AsyncHostedReranker
    from es_jina.search.hits import Hit, Results
    from es_jina.search.searcher import Searcher

__version__ = "0.1.0"

__all__ = [
    "AsyncHostedProvider",
    "AsyncHostedReranker",
    "Capabilities",
    "Cluster",
    "Embedding",
    "EsJinaError",
    "Hit",
    "HostedProvider",
    "HostedReranker",
    "Image",
    "IndexProfile",
    "ItemError",
    "LocalProvider",
    "ModelInfo",
    "Node",
    "PatchGrid",
    "Provider",
    "ProviderError",
    "Ranked",
    "RequestError",
    "Reranker",
    "Results",
    "Searcher",
    "Task",
    "Text",
    "TokenSpans",
    "Want",
    "__version__",
    "open_provider",
    "profile_for",
]

_HOMES = {
    "AsyncHostedProvider": "providers.hosted_async",
    "AsyncHostedReranker": "providers.reranker_async",
    "Capabilities": "elastic.capabilities",
    "Cluster": "elastic.client",
    "Embedding": "embedding",
    "EsJinaError": "errors",
    "Hit": "search.hits",
    "HostedProvider": "providers.hosted",
    "HostedReranker": "providers.reranker",
    "Image": "inputs",
    "IndexProfile": "profile",
    "ItemError": "errors",
    "LocalProvider": "providers.local",
    "ModelInfo": "providers.base",
    "Node": "elastic.node",
    "PatchGrid": "embedding",
    "Provider": "providers.base",
    "ProviderError": "errors",
    "Ranked": "providers.base",
    "RequestError": "errors",
    "Reranker": "providers.base",
    "Results": "search.hits",
    "Searcher": "search.searcher",
    "Task": "inputs",
    "Text": "inputs",
    "TokenSpans": "embedding",
    "Want": "providers.base",
    "open_provider": "providers",
    "profile_for": "providers",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
