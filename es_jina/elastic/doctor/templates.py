"""The templates that the next index behind an alias will follow."""

from collections.abc import Iterator

from elasticsearch import Elasticsearch

from es_jina.elastic.assets import META_KEY, assets
from es_jina.elastic.client import cluster_errors
from es_jina.elastic.doctor.finding import Finding
from es_jina.elastic.doctor.index import Index
from es_jina.elastic.templates import Change, compare


def examine_templates(client: Elasticsearch, index: Index) -> Iterator[Finding]:
    """Look whether a rollover would make an index of the same profile.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    with cluster_errors(f"looking for the templates of {index.alias!r}"):
        changes = [
            compare(client, asset) for asset in assets(index.alias, index.profile).templates()
        ]
    for change in changes:
        if (fault := _fault(change, index)) is not None:
            step = f"put it again: `es-jina setup {index.alias}`, with the options it was made with"
            told = f"the {change.asset} {fault}: the next index will not fit"
            yield Finding("problem", index.alias, told, step)
        elif change.state == "edited":
            told = f"the {change.asset} is not as es_jina puts it, and setup keeps it so"
            step = f"see what differs, and with --force put ours: `es-jina setup {index.alias}` "
            yield Finding("warning", index.alias, told, f"{step}--dry-run, and its options")


def _fault(change: Change, index: Index) -> str | None:
    """Say what is wrong with a template, where the next index would not be of the profile."""
    if change.stored is None:
        return "is missing"
    if change.asset.kind == "index template":
        meta = change.stored.get("template", {}).get("mappings", {}).get("_meta", {})
        if meta.get(META_KEY) != index.meta[META_KEY]:
            return "is for another profile"
    if change.state == "outdated":
        version = change.stored.get("version", 0)
        return f"has version {version}, not {change.asset.body['version']}"
    return None
