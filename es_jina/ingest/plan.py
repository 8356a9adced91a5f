"""New, changed or unchanged: what is found, held against what the index has."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from es_jina.errors import ItemError
from es_jina.ingest.ahead import started_early
from es_jina.ingest.ledger import Ledger, Version
from es_jina.ingest.report import Failure
from es_jina.ingest.sources import Candidate, RecordsError, Source
from es_jina.ingest.units import Cutting

# Sources that the index is asked about at a time. The first question is a small one, so that work
# begins at once.
_FIRST, _TOGETHER = 50, 2000
# Groups that the index is asked about at once: while it works at one, another's answer is read.
_ASKED = 2
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


@dataclass(slots=True)
class Known:
    """Sources that are in the index as they are now; many at a time, since most are.

    Attributes:
        names: of the sources.
        units: how many documents they have.
        size: bytes that did not have to be read.
    """

    names: list[str] = field(default_factory=list)
    units: int = 0
    size: int = 0

    def add(self, name: str, units: int, size: int) -> None:
        """Add a source."""
        self.names.append(name)
        self.units += units
        self.size += size


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that is not ingested.

    Attributes:
        name: of it.
        size: bytes.
        records: whether it holds records of which no fields were said; else it is of another kind.
    """

    name: str
    size: int
    records: bool = False


Finding = Planned | Known | Skipped | Failure
Group = list[Candidate | Failure]


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
        One finding for each candidate or failure, in order, but for those that are known: they come
        together.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    recipes = cutting.recipes
    with ThreadPoolExecutor(_ASKED, thread_name_prefix="es-jina-ledger") as pool:
        # While the index answers for some groups, the next one is found.
        asked = started_early(
            _groups(found, on_found),
            lambda group: pool.submit(_versions, ledger, group),
            ahead=_ASKED,
        )
        for group, answer in asked:
            versions = answer.result()
            known = Known()
            for each in group:
                if isinstance(each, Failure):
                    yield each
                    continue
                there = versions.get(each.uri, [])
                whole = _whole(there, ledger.fingerprint, recipes)
                if whole is not None and _untouched(each, whole):
                    known.add(each.name, whole.documents, each.stamp.size if each.stamp else 0)
                else:
                    yield _read(each, there, whole, ledger, cutting)
            if known.names:
                yield known


def _versions(ledger: Ledger, group: Group) -> dict[str, list[Version]]:
    uris = [each.uri for each in group if isinstance(each, Candidate)]
    return ledger.versions(uris) if uris else {}


def _groups(
    found: Iterable[Candidate | Failure], on_found: Callable[[Candidate], None]
) -> Iterator[Group]:
    group: Group = []
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


def _untouched(candidate: Candidate, whole: Version) -> bool:
    """Say whether a candidate is what the index has, as far as that shows without reading it."""
    stamp = candidate.stamp
    if stamp is not None and (whole.size, whole.mtime) == (stamp.size, stamp.mtime):
        return True
    return candidate.sha256 is not None and candidate.sha256 == whole.sha256


def _read(
    candidate: Candidate,
    versions: Sequence[Version],
    whole: Version | None,
    ledger: Ledger,
    cutting: Cutting,
) -> Finding:
    size = candidate.stamp.size if candidate.stamp else 0
    try:
        source = candidate.read()
    except RecordsError:
        return Skipped(candidate.name, size, records=True)
    except ItemError as error:
        return Failure.of(candidate.name, None, "read", error)
    if source is None:
        return Skipped(candidate.name, size)
    if whole is not None and whole.sha256 == source.sha256:
        source.discard()
        return Known([source.name], whole.documents, source.size)
    present = (source.sha256, ledger.fingerprint, cutting.recipe(source))
    return Planned(
        source,
        changed=bool(versions),
        held=sum(v.documents for v in versions if (v.sha256, v.profile, v.recipe) == present),
        last=max((version.last for version in versions), default=-1),
    )
