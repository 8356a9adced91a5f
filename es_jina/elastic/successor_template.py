"""The index template of an index whose multi-vectors move: fitted, with what people have edited."""

from dataclasses import dataclass, replace
from typing import Any

from elasticsearch import Elasticsearch

from es_jina.elastic.assets import META_KEY, multi_vector_template
from es_jina.elastic.digest import difference
from es_jina.elastic.successor import with_source
from es_jina.elastic.templates import Asset, compare, put
from es_jina.profile import MULTI_VECTOR_FIELD, Store


@dataclass(frozen=True, slots=True)
class FittedTemplate:
    """An index template as it is there now.

    Attributes:
        priority: of the template.
        edits: what was changed in one that somebody has edited, lines ``- path = value`` and
            ``+ path = value``; empty for one that was as es_jina left it.
    """

    priority: int
    edits: tuple[str, ...] = ()


def fit_template(client: Elasticsearch, asset: Asset, store: Store) -> FittedTemplate:
    """Make the index template that is there fit another store of multi-vectors.

    As es_jina left it, it is replaced; else nothing is changed but where multi-vectors go.

    Args:
        client: of the cluster.
        asset: as es_jina has it for that store.
        store: where multi-vectors go.

    Raises:
        ApiError: Elasticsearch refuses it.
        TransportError: it cannot be reached.
    """
    change = compare(client, asset)
    if change.written:
        put(client, asset)
    if change.stored is None or not change.kept:
        return FittedTemplate(asset.body["priority"])
    body = _amended(puttable(change.stored), asset.body, store)
    if change.state == "newer":
        put(client, replace(asset, body=body))
    else:
        # Its digest stays the one of what es_jina put, so that it still counts as edited.
        client.indices.put_index_template(name=asset.name, body=body)
    edits = tuple(difference(change.stored, body))
    return FittedTemplate(int(body.get("priority", 0)), edits)


def puttable(stored: dict[str, Any]) -> dict[str, Any]:
    """Return a template without its dates: Elasticsearch tells them, and refuses to be told."""
    return {key: told for key, told in stored.items() if "_date" not in key}


def _amended(stored: dict[str, Any], wanted: dict[str, Any], store: Store) -> dict[str, Any]:
    template = stored.get("template", {})
    mappings = with_source(template.get("mappings", {}), "rank_vectors")  # binary: a component's
    fitted = wanted["template"]["mappings"]
    properties = {
        name: field
        for name, field in mappings.get("properties", {}).items()
        if name != MULTI_VECTOR_FIELD
    }
    if MULTI_VECTOR_FIELD in fitted["properties"]:
        properties[MULTI_VECTOR_FIELD] = fitted["properties"][MULTI_VECTOR_FIELD]
    meta = {**mappings.get("_meta", {}), META_KEY: fitted["_meta"][META_KEY]}
    mappings = {**mappings, "_meta": meta, "properties": properties}
    return {
        **stored,
        "composed_of": _composed(stored.get("composed_of", []), store),
        "template": {**template, "mappings": mappings},
    }


def _composed(names: list[str], store: Store) -> list[str]:
    """Return the component templates with the store's in the place of the other's."""
    ours = multi_vector_template(store)
    other = multi_vector_template("binary" if store == "rank_vectors" else "rank_vectors")
    if ours in names:
        return [name for name in names if name != other]
    if other in names:
        return [ours if name == other else name for name in names]
    return [*names, ours]
