"""Free disk space against the watermarks at which Elasticsearch acts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch

from es_jina.elastic.client import cluster_errors
from es_jina.elastic.doctor.finding import CLUSTER, Finding, Level

GIB = 2**30
_PREFIX = "cluster.routing.allocation.disk."
_UNITS = {"b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40, "pb": 2**50}

# From the worst to the least: what Elasticsearch does to a node above it.
_EFFECTS: dict[str, tuple[Level, str]] = {
    "flood_stage": ("problem", "every index on it can be read and deleted from alone"),
    "high": ("warning", "Elasticsearch moves indices away from it"),
    "low": ("warning", "no new index is put there"),
}


@dataclass(frozen=True, slots=True)
class Disk:
    """The data disks of one node, in bytes."""

    node: str
    total: int
    free: int

    def __str__(self) -> str:
        return f"{self.free / GIB:,.1f} of {self.total / GIB:,.1f} GiB are free on {self.node}"


def disks(client: Elasticsearch) -> list[Disk]:
    """Return the disks of all nodes, the fullest first.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    with cluster_errors("asking for the free disk space"):
        answer = client.nodes.stats(metric="fs", filter_path="nodes.*.name,nodes.*.fs.total")
    found = [
        Disk(node["name"], node["fs"]["total"]["total_in_bytes"], free)
        for node in answer["nodes"].values()
        # A node without data may have none.
        if (free := node.get("fs", {}).get("total", {}).get("available_in_bytes")) is not None
    ]
    return sorted(found, key=lambda disk: disk.free / disk.total)


def examine_disks(client: Elasticsearch) -> Iterator[Finding]:
    """Compare the free space of every node with the watermarks.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    settings = _settings(client)
    found = disks(client)
    crossed = False
    for disk in found:
        for finding in _examine(disk, settings):
            crossed = True
            yield finding
    if found and not crossed:
        yield Finding("ok", CLUSTER, f"disks: {found[0]}")


def _examine(disk: Disk, settings: dict[str, str]) -> Iterator[Finding]:
    on = settings.get(f"{_PREFIX}threshold_enabled") != "false"
    for name, (level, effect) in _EFFECTS.items():
        needed = needed_free(disk.total, settings, name)
        # With the watermarks off, the last of them still says that a disk is all but full.
        if disk.free >= needed or not (on or name == "flood_stage"):
            continue
        told = f"{disk}, below the {name} watermark of {needed / GIB:,.1f} GiB"
        told += f": {effect}" if on else "; the watermarks are off, so nothing guards it"
        step = f"free disk space, add a node, or change {_PREFIX}watermark.{name}"
        yield Finding(level, CLUSTER, told, step)
        return


def _settings(client: Elasticsearch) -> dict[str, str]:
    with cluster_errors("asking for the disk watermarks"):
        answer = client.cluster.get_settings(
            include_defaults=True, flat_settings=True, filter_path="*.cluster*"
        )
    told: dict[str, Any] = answer.body
    layers = ("defaults", "persistent", "transient")
    return {name: value for layer in layers for name, value in told.get(layer, {}).items()}


def needed_free(total: int, settings: dict[str, str], name: str) -> float:
    """Return the free bytes that a watermark asks for.

    A watermark is a share of the disk that may be used (``85%`` or ``0.85``), which a headroom
    may limit on large disks, or what must be free (``500mb``).
    """
    mark = settings.get(f"{_PREFIX}watermark.{name}", "100%")
    share = re.fullmatch(r"([\d.]+)%", mark)
    if share is None and re.fullmatch(r"[\d.]+", mark) is None:
        return size(mark)
    used = float(share[1]) / 100 if share else float(mark)
    headroom = size(settings.get(f"{_PREFIX}watermark.{name}.max_headroom", "-1"))
    needed = total * (1 - used)
    return needed if headroom < 0 else min(needed, headroom)


def size(told: str) -> float:
    """Read a size as Elasticsearch writes it, such as ``500mb``; ``-1`` stands for none."""
    parts = re.fullmatch(r"(-?[\d.]+)([kmgtp]?b)?", told.strip().lower())
    if parts is None:
        return -1.0
    return float(parts[1]) * _UNITS[parts[2] or "b"]
