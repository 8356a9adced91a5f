"""The searches of an index that people type in Kibana: stored templates and ES|QL."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from es_jina.elastic.assets import load, shipped_folder
from es_jina.elastic.inference import query_name, rerank_name
from es_jina.elastic.search_templates import read_template
from es_jina.elastic.templates import Asset
from es_jina.profile import IndexProfile

# What a reranker is sent of each hit: a reference, by which `es-jina serve` reads the hit's
# multi-vector; or its words, for the hosted one.
RerankField = Literal["ref", "text"]

# In the order in which people try them.
TEMPLATES = (
    "words",
    "hybrid",
    "hybrid-vector",
    "rrf",
    "rerank",
    "pages",
    "pages-vector",
    "pages-rrf",
    "pages-rerank",
)
QUERIES = ("nearest", "hybrid", "rerank", "pages")

# As shipped, for an index named es-jina.
_SHIPPED_INDEX, _SHIPPED_FIELD = "es-jina", "embedding_1024"
_SHIPPED_WORDS = 'MATCH(title, ?q, {"boost": 2}) OR MATCH(text, ?q)'

# MlStrings.isValidId of Elasticsearch; an index may have other letters in its name, braces too.
_ENDPOINT_ID = re.compile(r"[a-z0-9]([a-z0-9_.-]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class SearchTemplate:
    """A stored search template.

    Attributes:
        name: without the index.
        asset: as it is put.
    """

    name: str
    asset: Asset

    @property
    def about(self) -> str:
        """What it does, in a sentence."""
        return str(self.asset.body["_meta"]["description"])

    @property
    def text(self) -> str:
        """Its source, as JSON."""
        return json.dumps(self.asset.body["script"]["source"], ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class EsqlQuery:
    """An ES|QL query with the parameter ``?q``.

    Attributes:
        name: without the index.
        about: what it does, in a sentence.
        text: of the query.
    """

    name: str
    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Searches:
    """The searches of one index.

    Attributes:
        templates: those that fit it.
        queries: likewise.
        unfit: why others do not, by name.
    """

    templates: tuple[SearchTemplate, ...]
    queries: tuple[EsqlQuery, ...]
    unfit: dict[str, str]


def searches(index: str, profile: IndexProfile, rerank_field: RerankField | None) -> Searches:
    """Fit the shipped searches to an index and its profile.

    Args:
        index: the alias.
        profile: of the index.
        rerank_field: what the endpoint ``INDEX-rerank`` reads; ``None`` where nothing can be
            reranked.
    """
    templates = [_template(name, index, profile, rerank_field or "ref") for name in TEMPLATES]
    queries = [_query(name, index, profile, rerank_field or "ref") for name in QUERIES]
    unfit = {
        label: why
        for label, text in _labelled(templates, queries)
        if (why := _unfit(text, index, profile, rerank_field))
    }
    return Searches(
        tuple(each for each in templates if each.asset.name not in unfit),
        tuple(each for each in queries if f"{each.name}.esql" not in unfit),
        unfit,
    )


def rerank_field(endpoint: dict[str, Any] | None, profile: IndexProfile) -> RerankField | None:
    """Return what ``INDEX-rerank`` reads.

    Args:
        endpoint: as Elasticsearch shows it; ``None`` where it is not there, or nobody may look:
            then, what `es-jina setup INDEX --server URL` makes.
        profile: of the index.
    """
    if endpoint is not None and endpoint["service"] != "custom":
        return "text"
    return "ref" if profile.multi_vector else None


def _labelled(
    templates: Iterable[SearchTemplate], queries: Iterable[EsqlQuery]
) -> list[tuple[str, str]]:
    return [
        *((each.asset.name, each.text) for each in templates),
        *((f"{each.name}.esql", each.text) for each in queries),
    ]


def _unfit(
    text: str, index: str, profile: IndexProfile, rerank_field: RerankField | None
) -> str | None:
    """Say why a search can never run over an index of this name and profile."""
    asks = needs_query_endpoint(text) or needs_rerank_endpoint(text)
    if asks and not _ENDPOINT_ID.fullmatch(query_name(index)):
        return f"Elasticsearch takes no inference endpoint of the name {query_name(index)}"
    kind = profile.finest.element_type
    if needs_query_endpoint(text) and kind in ("byte", "bit"):
        return f"an endpoint embeds in floats, and {profile.finest.field} holds {kind}s"
    if needs_rerank_endpoint(text) and rerank_field is None:
        return "the index has no multi-vectors to rerank by"
    return None


def needs_query_endpoint(text: str) -> bool:
    """Say whether a search has Elasticsearch embed what is typed."""
    return '"query_vector_builder"' in text or "TEXT_EMBEDDING(" in text


def needs_rerank_endpoint(text: str) -> bool:
    """Say whether a search has Elasticsearch rerank its hits."""
    return '"text_similarity_reranker"' in text or "| RERANK " in text


def _template(
    name: str, index: str, profile: IndexProfile, rerank_field: RerankField
) -> SearchTemplate:
    body = read_template(load(f"search/{name}", "pipelines"))
    fields = [field for field in profile.word_fields if field.startswith("text")]
    changes: dict[str, dict[str, Any]] = {
        "multi_match": {"fields": profile.word_fields},
        "highlight": {"fields": {field: {} for field in fields}},
        "knn": {"field": profile.finest.field},
        "text_embedding": {"model_id": query_name(index)},
        "text_similarity_reranker": {"field": rerank_field, "inference_id": rerank_name(index)},
    }
    source = _changed(body["script"]["source"], changes)
    body["script"] = {**body["script"], "source": source}
    return SearchTemplate(name, Asset("search template", f"{index}-{name}", body))


def _changed(value: Any, changes: dict[str, dict[str, Any]]) -> Any:
    """Return JSON with other values in the objects under some keys, wherever they are."""
    if isinstance(value, list):
        return [_changed(inner, changes) for inner in value]
    if not isinstance(value, dict):
        return value
    changed = {key: _changed(inner, changes) for key, inner in value.items()}
    return {
        key: inner | changes[key] if key in changes and isinstance(inner, dict) else inner
        for key, inner in changed.items()
    }


def _query(name: str, index: str, profile: IndexProfile, rerank_field: RerankField) -> EsqlQuery:
    path = shipped_folder("pipelines") / "search" / f"{name}.esql"
    about, _, text = path.read_text("utf-8").partition("\n")
    for shipped, fitted in (
        (_SHIPPED_FIELD, profile.finest.field),
        (_SHIPPED_WORDS, _matches(profile)),
        ("RERANK ?q ON ref", f"RERANK ?q ON {rerank_field}"),
        (f'"{query_name(_SHIPPED_INDEX)}"', f'"{query_name(index)}"'),
        (f'"{rerank_name(_SHIPPED_INDEX)}"', f'"{rerank_name(index)}"'),
        (f'FROM "{_SHIPPED_INDEX}"', f'FROM "{index}"'),
    ):
        text = text.replace(shipped, fitted)
    return EsqlQuery(name, about.removeprefix("// "), text)


def _matches(profile: IndexProfile) -> str:
    """Return what matches words in ES|QL, in each field that a search by words looks at."""
    parts = []
    for told in profile.word_fields:
        field, _, boost = told.partition("^")
        options = f', {{"boost": {boost}}}' if boost else ""
        parts.append(f"MATCH({field}, ?q{options})")
    return " OR ".join(parts)
