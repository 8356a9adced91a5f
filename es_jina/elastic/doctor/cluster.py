"""What a cluster is, what it can do, and whether its nodes have room."""

from collections.abc import Iterator
from functools import partial

from elasticsearch import Elasticsearch

from es_jina.elastic.capabilities import UNKNOWN, Capabilities
from es_jina.elastic.doctor.abilities import describe
from es_jina.elastic.doctor.disks import examine_disks
from es_jina.elastic.doctor.finding import CLUSTER, Finding, guarded
from es_jina.elastic.doctor.licence import examine_expiry
from es_jina.elastic.doctor.memory import examine_heap


def examine_cluster(client: Elasticsearch, capabilities: Capabilities) -> Iterator[Finding]:
    """Say what a cluster is and can do, and look at its licence, its disks and its heap.

    Raises:
        ClusterError: it cannot be reached.
    """
    yield Finding("ok", CLUSTER, _identity(capabilities))
    yield from describe(capabilities)
    yield from examine_expiry(capabilities)
    yield from guarded(partial(_examine_nodes, client), CLUSTER, "disks and heap")


def _examine_nodes(client: Elasticsearch) -> Iterator[Finding]:
    yield from examine_disks(client)
    yield from examine_heap(client)


def _identity(capabilities: Capabilities) -> str:
    told = f"Elasticsearch {capabilities.version}, {capabilities.flavour}"
    if capabilities.flavour == "serverless" and capabilities.licence == UNKNOWN:
        return told
    told = f"{told}, {capabilities.licence} licence"
    ends = capabilities.licence_expiry
    return told if ends is None else f"{told} until {ends:%Y-%m-%d}"
