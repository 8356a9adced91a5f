"""What a search takes that a cluster may lack, told before anybody tries it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from es_jina.elastic.capabilities import LESSER_LICENCES, Capabilities
from es_jina.kibana.searches import needs_query_endpoint, needs_rerank_endpoint
from es_jina.profile import IndexProfile

_PAID = "with an Enterprise licence or a trial"
_ESQL = re.compile(r"\b(FORK|FUSE|RERANK|KNN|TEXT_EMBEDDING)\b")


@dataclass(frozen=True, slots=True)
class _Paid:
    """Something for which a licence is asked.

    Attributes:
        told: its name, for people.
        taken: whether a search, by its text, takes it.
        there: whether a cluster has it; ``None`` where nobody knows.
    """

    told: str
    taken: Callable[[str], bool]
    there: Callable[[Capabilities], bool | None]


def _retriever(name: str) -> Callable[[str], bool]:
    return lambda text: f'"{name}"' in text


def _inference(cluster: Capabilities) -> bool | None:
    if cluster.inference_services is None:
        return None
    expiry = cluster.licence_expiry
    ended = expiry is not None and expiry < datetime.now(UTC)
    return bool(cluster.inference_services) and cluster.licence not in LESSER_LICENCES and not ended


_LICENSED = (
    _Paid(
        "the inference API",
        lambda text: needs_query_endpoint(text) or needs_rerank_endpoint(text),
        _inference,
    ),
    _Paid("the retriever rrf", _retriever("rrf"), lambda cluster: cluster.rrf),
    _Paid(
        "the retriever text_similarity_reranker",
        _retriever("text_similarity_reranker"),
        lambda cluster: cluster.text_similarity_reranker,
    ),
)


def lacking_inference(capabilities: Capabilities) -> list[str]:
    """Return what an inference endpoint takes and a cluster surely lacks."""
    return [f"the inference API, {_PAID}"] if _inference(capabilities) is False else []


def lacking(text: str, capabilities: Capabilities, profile: IndexProfile) -> list[str]:
    """Return what a search takes and a cluster surely lacks; nothing where it may run.

    Args:
        text: of the search: the JSON of a template, or ES|QL.
        capabilities: of the cluster.
        profile: of the index.
    """
    found = [
        paid.told for paid in _LICENSED if paid.taken(text) and paid.there(capabilities) is False
    ]
    told = [f"{' and '.join(found)}, {_PAID}"] if found else []
    if not text.startswith("{"):
        return [*_lacking_esql(text, capabilities), *told]
    return [*_lacking_template(text, capabilities, profile), *told]


def _lacking_template(
    text: str, capabilities: Capabilities, profile: IndexProfile
) -> Iterator[str]:
    if has_mustache(capabilities) is False:
        yield "search templates, which are the module lang-mustache"
    in_base64 = profile.finest.element_type not in ("byte", "bit")
    if in_base64 and "{{query_vector}}" in text and capabilities.base64_queries is False:
        yield "query vectors in base64, which Elasticsearch reads from 9.4 on"


def has_mustache(capabilities: Capabilities) -> bool | None:
    """Say whether a cluster has stored search templates; Serverless, which tells nothing, has."""
    if capabilities.modules is None:
        return True if capabilities.flavour == "serverless" else None
    return "lang-mustache" in capabilities.modules


def _lacking_esql(text: str, capabilities: Capabilities) -> list[str]:
    if capabilities.esql is None:
        return []
    if not capabilities.esql:
        return ["ES|QL"]
    names = sorted(set(_ESQL.findall(text)) - capabilities.esql)
    return [f"{' and '.join(names)} of ES|QL: 9.3 and later has all of it"] if names else []
