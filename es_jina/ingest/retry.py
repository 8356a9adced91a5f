"""From dead letters to what must be ingested again."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from es_jina.ingest.report import Failure
from es_jina.ingest.sources import scheme_of

_STDIN = "standard input"
# A record that had no id when it failed, by its place: it may have one now.
PLACE = re.compile(r"(line|row) \d+")


@dataclass(slots=True)
class Retry:
    """What a dead-letter file asks for.

    Attributes:
        targets: files, addresses and indices, each once.
        only: the records of a target, where it is not meant as a whole.
        hopeless: failures that a retry cannot mend, as new failures.
        gone: sources among them whose files are not there any more, by name; there is nothing left
            that could be mended.
    """

    targets: list[str] = field(default_factory=list)
    only: dict[str, frozenset[str]] = field(default_factory=dict)
    hopeless: list[Failure] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


def retry(failures: Iterable[Failure]) -> Retry:
    """Say what must be ingested again to mend some failures."""
    found = Retry()
    wanted: dict[str, set[str] | None] = {}
    for source in dict.fromkeys(failure.source for failure in failures):
        target, record = _target(source)
        if target is None:
            message = "it came from standard input: pipe it in again"
            if not source.startswith(_STDIN):
                message = "the file is not there any more: it is taken off the list"
                found.gone.append(source)
            found.hopeless.append(Failure(source, None, "read", "ItemError", message))
        elif record is None:
            wanted[target] = None
        elif (records := wanted.setdefault(target, set())) is not None:
            records.add(record)
    found.targets = list(wanted)
    found.only = {target: frozenset(records) for target, records in wanted.items() if records}
    return found


def _target(source: str) -> tuple[str | None, str | None]:
    """Return the target that a source is found in, and its name where it is a record of it."""
    scheme = scheme_of(source)
    if scheme == "es":
        index, mark, _ = source.removeprefix("es://").partition("/")
        return f"es://{index}", source if mark else None
    if scheme:
        return source, None
    if source.startswith(_STDIN):
        return None, None
    if Path(source).exists():
        return source, None
    file, mark, _ = source.partition("#")
    while mark:
        if Path(file).is_file():
            record = source[len(file) + 1 :]
            return file, None if PLACE.fullmatch(record) else source
        more, mark, _ = source[len(file) + 1 :].partition("#")
        file = f"{file}#{more}"
    return None, None
