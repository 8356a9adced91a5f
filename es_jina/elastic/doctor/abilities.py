"""What a cluster can do, in a few lines for people."""

from collections.abc import Iterator
from dataclasses import fields

from es_jina.elastic.capabilities import UNKNOWN, Capabilities
from es_jina.elastic.doctor.finding import CLUSTER, Finding

# By what a caller needs to be answered, as Elasticsearch names it in its refusals.
_PRIVILEGES = {
    "cluster privilege `monitor`": (
        "version", "flavour", "licence", "modules", "ingest_processors", "bbq_disk",
    ),
    "index privilege `create_doc` on es-jina-probe*": (
        "base64_documents", "rank_vectors", "base64_rank_vectors", "bfloat16", "bbq_disk",
    ),
    "index privilege `read`": (
        "base64_queries", "rrf", "linear", "text_similarity_reranker", "rescorer", "esql",
    ),
    "cluster privilege `monitor_inference`": ("inference_services",),
}  # fmt: skip
_RETRIEVERS = ("rrf", "linear", "text_similarity_reranker", "rescorer")


def describe(capabilities: Capabilities) -> Iterator[Finding]:
    """Say what a cluster can do, and what could not be found out."""
    for told in (
        f"{_vectors(capabilities)}; {_fields(capabilities)}",
        f"retrievers: {_among(capabilities, _RETRIEVERS)}",
        f"{_inference(capabilities)}; {_esql(capabilities)}; {_modules(capabilities)}",
    ):
        yield Finding("ok", CLUSTER, told)
    yield from _unknown(capabilities)


def _vectors(capabilities: Capabilities) -> str:
    documents = "base64" if capabilities.base64_documents else "lists of numbers"
    queries = "base64" if capabilities.base64_queries else "lists of numbers"
    return f"vectors are sent as {documents} in documents and as {queries} in queries"


def _fields(capabilities: Capabilities) -> str:
    told = f"fields: {_among(capabilities, ('bfloat16', 'bbq_disk', 'rank_vectors'))}"
    if capabilities.rank_vectors:
        form = "base64" if capabilities.base64_rank_vectors else "lists of numbers"
        return f"{told} (sent as {form})"
    return f"{told} (multi-vectors go into binary fields)"


def _among(capabilities: Capabilities, names: tuple[str, ...]) -> str:
    there = [name for name in names if getattr(capabilities, name)]
    missing = [name for name in names if getattr(capabilities, name) is False]
    told = [", ".join(there)] if there else []
    told += [f"no {name}" for name in missing]
    return ", ".join(told) or UNKNOWN


def _inference(capabilities: Capabilities) -> str:
    services = capabilities.inference_services
    if not services:
        return "inference API: " + (UNKNOWN if services is None else "none")
    return f"inference API: {len(services)} services {_with('custom', services)}"


def _with(name: str, names: frozenset[str]) -> str:
    return f"{'with' if name in names else 'without'} {name}"


def _esql(capabilities: Capabilities) -> str:
    known = capabilities.esql
    if known is None:
        return f"ES|QL: {UNKNOWN}"
    return f"ES|QL: {', '.join(sorted(known)) or 'none'}"


def _modules(capabilities: Capabilities) -> str:
    modules, processors = capabilities.modules, capabilities.ingest_processors
    if modules is None or processors is None:
        return f"modules: {UNKNOWN}"
    return (
        f"modules: {len(modules)}; ingest processors: {len(processors)} "
        f"{_with('inference', processors)}"
    )


def _unknown(capabilities: Capabilities) -> Iterator[Finding]:
    unknown = {
        field.name
        for field in fields(capabilities)
        if getattr(capabilities, field.name) in (None, UNKNOWN)
    }
    if capabilities.flavour == "serverless":
        unknown -= {"licence", "modules", "ingest_processors"}
    for privilege, names in _PRIVILEGES.items():
        missing = [name for name in names if name in unknown]
        # bbq_disk takes both the simulation and the licence: alone, it names neither.
        if missing and missing != ["bbq_disk"]:
            told = f"unknown, for this user may not ask: {', '.join(missing)}"
            step = f"give this user a role with the {privilege}, or sign in as another"
            yield Finding("warning", CLUSTER, told, step)
