"""Which of Elasticsearch's analyzers serves a language, on the cluster at hand."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from elasticsearch import Elasticsearch

from es_jina.elastic.capabilities import accepts_field
from es_jina.elastic.client import cluster_errors
from es_jina.errors import RequestError
from es_jina.languages import Language, check_code

# Every distribution has it but the small one, which the embedded node runs.
_COMMON = "analysis-common"


@dataclass(frozen=True, slots=True)
class Served:
    """What Elasticsearch has for a language.

    Attributes:
        name: of the language, in English.
        analyzers: the best first, each with the module or plugin that it is in; none where the
            standard analyzer has to do.
    """

    name: str
    analyzers: dict[str, str]


@cache
def languages() -> dict[str, Served]:
    """Return the 30 languages that jina-embeddings-v4 is made for, by code."""
    table = json.loads(Path(__file__).with_name("languages.json").read_text("utf-8"))
    return {code: Served(**row) for code, row in table.items()}


def has_analyzer(client: Elasticsearch, analyzer: str) -> bool:
    """Say whether a cluster has an analyzer; nothing is changed.

    Raises:
        ClusterError: it cannot be reached, or does not let us ask.
    """
    with cluster_errors(f"asking the cluster whether it has the analyzer {analyzer!r}"):
        return accepts_field(client, {"type": "text", "analyzer": analyzer})


def choose_languages(
    told: Sequence[str],
    accepts: Callable[[str], bool] | None,
    kept: Sequence[Language] = (),
) -> list[Language]:
    """Return the languages that people name, each with its analyzer.

    Args:
        told: codes such as ``de``, or ``de:german`` to name the analyzer too. Those that
            Elasticsearch has no analyzer for are left out: see :func:`unserved`.
        accepts: whether the cluster has an analyzer; without a cluster, one that nearly every
            cluster has is taken where there is one.
        kept: what the index has already; its analyzers stay.

    Raises:
        RequestError: no such language, or the cluster has no analyzer for it.
    """
    present = {language.code: language.analyzer for language in kept}
    chosen: set[Language] = set()
    for word in told:
        code, _, analyzer = word.partition(":")
        check_code(code)
        if analyzer or ":" in word:
            chosen.add(_named(Language(code, analyzer), accepts))
        elif code in present:
            chosen.add(Language(code, present[code]))
        elif _served(code).analyzers:
            chosen.add(Language(code, _best(code, accepts)))
    return sorted(chosen)


def unserved(told: Sequence[str]) -> list[str]:
    """Return the names of the languages that only the standard analyzer serves."""
    known = languages()
    return [known[code].name for code in told if code in known and not known[code].analyzers]


def _named(language: Language, accepts: Callable[[str], bool] | None) -> Language:
    if accepts is not None and not accepts(language.analyzer):
        raise RequestError(
            f"language {language.code!r}: this cluster has no analyzer {language.analyzer!r}; "
            "install it on every node, or name another"
        )
    return language


def _served(code: str) -> Served:
    served = languages().get(code)
    if served is None:
        raise RequestError(
            f"language {code!r}: choose from {', '.join(languages())}, or name the analyzer too, "
            f"as in {code}:ANALYZER"
        )
    return served


def _best(code: str, accepts: Callable[[str], bool] | None) -> str:
    served = _served(code)
    if accepts is None:
        return min(served.analyzers, key=lambda name: served.analyzers[name] != _COMMON)
    for analyzer in served.analyzers:
        if accepts(analyzer):
            return analyzer
    where = " or ".join(f"{name} (of {module})" for name, module in served.analyzers.items())
    raise RequestError(
        f"language {code!r}: this cluster has no analyzer for {served.name}, which would be "
        f"{where}; install it on every node, or leave this language to the standard analyzer"
    )
