"""What es_jina puts into a cluster, held against what is there.

People edit templates, and their edits are theirs. So a digest of what we put is kept in ``_meta``:
where it still fits the content, nobody has edited it, and a newer version of ours may replace it.
"""

from dataclasses import dataclass
from typing import Any, Literal

from elasticsearch import Elasticsearch, NotFoundError

from es_jina.elastic.client import is_elasticsearch
from es_jina.elastic.digest import difference, digest
from es_jina.elastic.search_templates import read_template, write_template

Kind = Literal["component template", "index template", "ingest pipeline", "search template"]
State = Literal["new", "same", "outdated", "newer", "edited"]

_PATHS: dict[Kind, str] = {
    "component template": "_component_template",
    "index template": "_index_template",
    "ingest pipeline": "_ingest/pipeline",
    "search template": "_scripts",
}
_DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Asset:
    """Something that is put into a cluster under a name."""

    kind: Kind
    name: str
    body: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def path(self) -> str:
        """Where it is put."""
        return f"/{_PATHS[self.kind]}/{self.name}"

    @property
    def signed(self) -> dict[str, Any]:
        """The body with its digest, as it is put."""
        meta = self.body.get("_meta", {})
        signed = {**self.body, "_meta": {**meta, _DIGEST: digest(self.body)}}
        return write_template(signed) if self.kind == "search template" else signed


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one asset.

    Attributes:
        asset: as we have it.
        stored: as it is there; ``None`` where it is not.
        state: of what is there: ``new``, nothing; ``same``, what we have; ``outdated``, what we put
            and nobody edited; ``newer``, the same of a newer es_jina; ``edited``, by somebody.
        written: whether it is put; what is newer or edited is kept unless that is forced.
    """

    asset: Asset
    stored: dict[str, Any] | None
    state: State
    written: bool

    @property
    def kept(self) -> bool:
        """Whether what is there differs and stays."""
        return self.state != "same" and not self.written

    @property
    def difference(self) -> list[str]:
        """Lines ``- path = value`` of what is there, ``+ path = value`` of what we have."""
        return [] if self.stored is None else difference(self.stored, self.asset.body)


def compare(client: Elasticsearch, asset: Asset, *, force: bool = False) -> Change:
    """Say what is to happen to an asset; nothing is changed.

    Raises:
        ApiError: Elasticsearch refuses to show what is there.
        TransportError: it cannot be reached.
    """
    stored = find(client, asset)
    if stored is None:
        return Change(asset, None, "new", written=True)
    state = _state(stored, asset.body)
    written = state == "outdated" or (force and state != "same")
    return Change(asset, stored, state, written)


def _state(stored: dict[str, Any], wanted: dict[str, Any]) -> State:
    own = digest(stored)
    if own == digest(wanted):
        return "same"
    if stored.get("_meta", {}).get(_DIGEST) != own:
        return "edited"
    return "newer" if stored.get("version", 0) > wanted["version"] else "outdated"


def find(client: Elasticsearch, asset: Asset) -> dict[str, Any] | None:
    """Return what is there under an asset's name, ``None`` where there is nothing.

    Raises:
        ApiError: Elasticsearch refuses to show it.
        TransportError: it cannot be reached.
    """
    name = asset.name
    try:
        body: dict[str, Any]
        match asset.kind:
            case "component template":
                found = client.cluster.get_component_template(name=name)["component_templates"]
                body = found[0]["component_template"]
            case "index template":
                found = client.indices.get_index_template(name=name)["index_templates"]
                body = found[0]["index_template"]
            case "ingest pipeline":
                body = client.ingest.get_pipeline(id=name)[name]
            case "search template":
                body = read_template(client.get_script(id=name).body)
    except NotFoundError as error:
        if not is_elasticsearch(error):
            raise
        return None
    return body


def put(client: Elasticsearch, asset: Asset) -> None:
    """Put an asset, with its digest.

    Raises:
        ApiError: Elasticsearch refuses it.
        TransportError: it cannot be reached.
    """
    match asset.kind:
        case "component template":
            client.cluster.put_component_template(name=asset.name, body=asset.signed)
        case "index template":
            client.indices.put_index_template(name=asset.name, body=asset.signed)
        case "ingest pipeline":
            client.ingest.put_pipeline(id=asset.name, body=asset.signed)
        case "search template":
            client.put_script(id=asset.name, body=asset.signed)
