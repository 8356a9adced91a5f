"""New, changed or unchanged: what is found, held against what the index has."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from es_jina.errors import ItemError
from es_jina.ingest.ledger import Ledger, Version
from es_jina.ingest.report import Failure
from es_jina.ingest.sources import Candidate, Source
from es_jina.ingest.units import Cutting

# Sources that the index is asked about at a time. The first question is a small one, so that work
# begins at once.
_FIRST, _TOGETHER = 50, 1000
# What they may keep in memory meanwhile: records can have their pictures with them.
_HELD = 32_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """A source of which the index lacks units, or may.

    Attributes:
        source: new or changed, or left incomplete by an earlier run.
        changed: whether the index has documents of it, of any state.
        held: how many documents of its present state the index has already.
        last: the highest number of a unit that the index has of it, of any state; -1 for none.
    """

    source: Source
    changed: bool
    held: int
    last: int


@dataclass(frozen=True, slots=True)
class Known:
    """A source that is in the index as it is now.

    Attributes:
        name: of the source.
        units: how many documents it has.
        size: bytes that did not have to be read.
    """

    name: str
    units: int
    size: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something of a kind that is not ingested."""

    name: str
    size: int


Finding = Planned | Known | Skipped | Failure


def plan(
    found: Iterable[Candidate | Failure],
    ledger: Ledger,
    cutting: Cutting,
    on_found: Callable[[Candidate], None] = lambda _: None,
) -> Iterator[Finding]:
    """Read what the index does not have as it is now.

    A file whose size and time of writing the index knows is not read; one that was only touched is
    read for its digest and no further.

    Args:
        found: candidates in any order, each URI once.
        ledger: of the index.
        cutting: how sources will be cut.
        on_found: told of each candidate as it comes.

    Yields:
        One finding for each candidate or failure, in order.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    recipes = cutting.recipes
    for group in _groups(found, on_found):
        candidates = [each for each in group if isinstance(each, Candidate)]
        versions = ledger.versions([each.uri for each in candidates]) if candidates else {}
        for each in group:
            if isinstance(each, Failure):
                yield each
                continue
            known = versions.get(each.uri, [])
            yield _finding(each, known, _whole(known, ledger.fingerprint, recipes), ledger, cutting)


def _groups(
    found: Iterable[Candidate | Failure], on_found: Callable[[Candidate], None]
) -> Iterator[list[Candidate | Failure]]:
    group: list[Candidate | Failure] = []
    held, size = 0, _FIRST
    for each in found:
        group.append(each)
        if isinstance(each, Candidate):
            on_found(each)
            held += each.held
        if len(group) >= size or held >= _HELD:
            yield group
            group, held, size = [], 0, _TOGETHER
    if group:
        yield group


def _whole(
    versions: Sequence[Version], fingerprint: str, recipes: frozenset[str]
) -> Version | None:
    """Return the one state that the index has of a source, where nothing of it is missing."""
    if len(versions) != 1:
        return None
    (version,) = versions
    fits = version.profile == fingerprint and version.recipe in recipes and version.complete
    return version if fits else None


def _finding(
    candidate: Candidate,
    versions: Sequence[Version],
    whole: Version | None,
    ledger: Ledger,
    cutting: Cutting,
) -> Finding:
    stamp = candidate.stamp
    size = stamp.size if stamp else 0
    if whole is not None:
        untouched = stamp is not None and (whole.size, whole.mtime) == (stamp.size, stamp.mtime)
        if untouched or candidate.sha256 == whole.sha256:
            return Known(candidate.name, whole.documents, size)
    try:
        source = candidate.read()
    except ItemError as error:
        return Failure.of(candidate.name, None, "read", error)
    if source is None:
        return Skipped(candidate.name, size)
    if whole is not None and whole.sha256 == source.sha256:
        source.discard()
        return Known(source.name, whole.documents, source.size)
    present = (source.sha256, ledger.fingerprint, cutting.recipe(source))
    return Planned(
        source,
        changed=bool(versions),
        held=sum(v.documents for v in versions if (v.sha256, v.profile, v.recipe) == present),
        last=max((version.last for version in versions), default=-1),
    )
