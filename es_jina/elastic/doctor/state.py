"""What state an index is in: its fast load, its blocks, its health."""

from collections.abc import Iterator

from elasticsearch import Elasticsearch

from es_jina.elastic.client import cluster_errors
from es_jina.elastic.conversion_note import unfinished
from es_jina.elastic.doctor.disks import disks
from es_jina.elastic.doctor.finding import Finding
from es_jina.elastic.doctor.index import Index
from es_jina.elastic.fast_load import NOTE_KEY, restore

_BLOCKS = {
    "read_only_allow_delete": "documents cannot be written, only deleted",
    "read_only": "neither documents nor settings can be changed",
    "write": "documents can be neither written nor deleted",
    "read": "nothing can be searched",
}


def examine_fast_load(client: Elasticsearch, index: Index) -> Iterator[Finding]:
    """Set back what a killed fast load has left.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    if NOTE_KEY in index.meta:
        restore(client, index.name)
        told = (
            "refresh and replicas, off since a fast load that did not end, are as before (one that "
            "is still running goes on, but more slowly)"
        )
        yield Finding("restored", index.name, told)
    elif index.settings.get("index.refresh_interval", "").startswith("-"):
        told = "refresh is off, and no fast load has noted that: new documents are not found"
        step = f'PUT /{index.name}/_settings {{"index.refresh_interval": null}}'
        yield Finding("warning", index.name, told, step)


def examine_blocks(client: Elasticsearch, index: Index) -> Iterator[Finding]:
    """Look for blocks, which people set, and Elasticsearch on a full disk.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    for block, effect in _BLOCKS.items():
        setting = f"index.blocks.{block}"
        if index.settings.get(setting) != "true":
            continue
        told, step = f"{setting} is set: {effect}", "lift it"
        if block == "read_only_allow_delete":
            told += f"; Elasticsearch does that when a disk is nearly full (now {disks(client)[0]})"
            step = "free disk space, and Elasticsearch lifts it by itself; or lift it"
        for copy, note in unfinished(client, index.alias, index.name).items():
            if block == "write":
                told += "; a conversion that did not end has left it"
                step = f"`{note.command}` begins anew; or DELETE /{copy} and {step}"
        lift = f'PUT /{index.name}/_settings {{"{setting}": null}}'
        yield Finding("problem", index.name, told, f"{step}: {lift}")


def examine_health(client: Elasticsearch, index: Index) -> Iterator[Finding]:
    """Look whether all of an index is on a node.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    with cluster_errors(f"asking for the health of {index.name!r}"):
        health = client.cluster.health(index=index.name)["status"]
    if health == "yellow":
        told = "health yellow: a replica has no node, so the loss of one node may lose documents"
        step = "add a node, or ask for fewer replicas (index.number_of_replicas)"
        yield Finding("warning", index.name, told, step)
    elif health == "red":
        told = "health red: a part of it is on no node, so documents are missing from searches"
        step = "ask for the reason: GET /_cluster/allocation/explain"
        yield Finding("problem", index.name, told, step)
