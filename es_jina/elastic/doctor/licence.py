"""How long a licence lasts, and what an index loses without it."""

from collections.abc import Iterator
from datetime import UTC, datetime

from es_jina.elastic.capabilities import LESSER_LICENCES, Capabilities
from es_jina.elastic.doctor.finding import CLUSTER, Finding
from es_jina.elastic.doctor.index import Index

_WARN_DAYS = 30


def days_left(capabilities: Capabilities) -> int | None:
    """Return the whole days until the licence ends, below 0 when it has; ``None`` for never."""
    if capabilities.licence_expiry is None:
        return None
    return (capabilities.licence_expiry - datetime.now(UTC)).days


def examine_expiry(capabilities: Capabilities) -> Iterator[Finding]:
    """Say when the licence ends, where that is soon."""
    days = days_left(capabilities)
    if days is None or days > _WARN_DAYS:
        return
    step = "put a new licence: PUT /_license"
    told = f"the {capabilities.licence} licence {_ends(days)}"
    yield Finding("problem" if days < 0 else "warning", CLUSTER, told, step)


def _ends(days: int) -> str:
    return "has ended" if days < 0 else f"ends in {days} days"


def examine_need(capabilities: Capabilities, index: Index) -> Iterator[Finding]:
    """Look whether the licence lets an index live, now and in a month.

    Without it a node that restarts does not open an index with ``rank_vectors``, and no document
    is written into one with ``bbq_disk`` (of 9.3 and later); what is there is still found.
    """
    multi = index.profile.multi_vector
    if multi is not None and multi.store == "rank_vectors":
        yield from _examine_need(
            capabilities,
            index,
            "it has rank_vectors",
            "after a restart of its node it does not open",
            f"`es-jina convert-multi {index.alias} --to binary`, which any licence has, or keep an "
            "Enterprise licence",
        )
    if any(dense.index_type == "bbq_disk" for dense in index.profile.dense):
        yield from _examine_need(
            capabilities,
            index,
            "it has the index type bbq_disk",
            "no document is written",
            "keep an Enterprise licence, or load its sources into an index with bbq_hnsw",
        )


def _examine_need(
    capabilities: Capabilities, index: Index, has: str, effect: str, step: str
) -> Iterator[Finding]:
    days = days_left(capabilities)
    kind = capabilities.licence
    if kind in LESSER_LICENCES or (days is not None and days < 0):
        why = f"a {kind} licence does not cover" if kind in LESSER_LICENCES else "no licence covers"
        yield Finding("problem", index.name, f"{has}, which {why}: {effect}", step)
    elif days is not None and days <= _WARN_DAYS:
        told = f"{has}, and the {kind} licence {_ends(days)}: then, {effect}"
        yield Finding("problem", index.name, told, step)
    elif kind == "trial":
        told = f"{has}, and the licence is a trial: when that ends, {effect}"
        yield Finding("warning", index.name, told, step)
