"""Finding files: patterns, ignore files, folders in order."""

import fnmatch
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from es_jina.errors import ItemError, RequestError
from es_jina.ingest.decoding import UTF16_BOMS
from es_jina.ingest.report import Failure

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".esjinaignore"
_WILD = re.compile(r"[*?[]")


@dataclass(frozen=True)
class Filters:
    """Which files of a folder are taken, by patterns in the manner of ``.gitignore``.

    Attributes:
        include: only files that match are taken; all where there is no pattern.
        exclude: what matches is not, whatever `include` says.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    _included: "GitIgnoreSpec | None" = field(init=False, repr=False, compare=False)
    _excluded: "GitIgnoreSpec | None" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the patterns.

        Raises:
            RequestError: one of them is no pattern.
        """
        for name in ("include", "exclude"):
            try:
                patterns = _patterns(getattr(self, name))
            except ItemError as error:
                raise RequestError(f"--{name}: {error}") from error
            object.__setattr__(self, f"_{name}d", patterns)

    def allow(self, relative: PurePath) -> bool:
        """Say whether a file is taken; its path is relative to the folder that was named."""
        folders = [folder.as_posix() for folder in relative.parents][:-1]
        return all(map(self.enter, folders)) and self.take(relative.as_posix())

    def enter(self, folder: str) -> bool:
        """Say whether a folder is looked into, given that those above it are."""
        return not _says(self._excluded, f"{folder}/")

    def take(self, file: str) -> bool:
        """Say whether a file is taken, given that the folders above it are entered."""
        # What is in a folder that matches is meant too.
        wanted = self._included is None or self._included.match_file(_one_line(file))
        return wanted and not _says(self._excluded, file)


def find_files(root: Path, filters: Filters) -> Iterator[str | Failure]:
    """Yield the files of a folder and below, sorted by name within each folder.

    Hidden files and folders are left out, and what a file named ``.esjinaignore`` says, in any
    folder. Links to folders are not followed; links to files, pipes and broken links are yielded.
    Of what is found, no more is held in memory than the folders on the way to the file in hand.

    Args:
        root: a folder; anything else is yielded as it is.
        filters: for what is in the folder.

    Yields:
        Absolute paths, as texts since there may be a million of them; failures of folders that
        cannot be listed, or whose ignore file cannot be followed.
    """
    top = os.path.abspath(root)  # noqa: PTH100 - keeps a link's own name
    if not os.path.isdir(top):  # noqa: PTH112 - as above
        yield top
        return
    yield from _Walk(top, filters).files()


def expand(target: str) -> list[Path]:
    """Return the files and folders that the user named.

    Args:
        target: a path, or a pattern with ``*``, ``?``, ``[...]`` or ``**``. What is hidden is
            matched only by a part of the pattern that begins with a dot.

    Returns:
        Absolute paths, sorted, none below another.

    Raises:
        RequestError: there is nothing of the name.
    """
    try:
        os.lstat(target)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no path holds a NUL character"
        raise RequestError(f"{target!r} cannot be read: {reason}") from error
    else:
        return [_absolute(target)]
    if not _WILD.search(target):
        raise RequestError(f"there is no file or folder {target!r}")
    found = _outermost(sorted(_globbed(target)))
    if not found:
        raise RequestError(f"nothing matches {target!r}")
    return found


class _Walk:
    """One way through a tree; paths are texts relative to its top, with slashes."""

    def __init__(self, top: str, filters: Filters) -> None:
        self._top = top
        self._filters = filters

    def files(self) -> Iterator[str | Failure]:
        """Yield them, depth first."""
        # A list of open folders, not calls within calls: trees may be deeper than calls may.
        open_folders: list[tuple[_Folder, Iterator[os.DirEntry[str]]]] = []
        entering: _Folder | None = _Folder("", ())
        while True:
            if entering is not None:
                try:
                    open_folders.append(self._opened(entering))
                except ItemError as error:
                    path = os.path.join(self._top, entering.relative)  # noqa: PTH118
                    yield Failure.of(path.rstrip(os.sep) or os.sep, None, "read", error)
                entering = None
            if not open_folders:
                return
            folder, entries = open_folders[-1]
            entry = next(entries, None)
            if entry is None:
                open_folders.pop()
            elif _is_folder(entry):
                entering = self._entered(folder, entry)
            elif self._taken(folder, entry):
                yield entry.path

    def _opened(self, folder: "_Folder") -> "tuple[_Folder, Iterator[os.DirEntry[str]]]":
        """List a folder.

        Raises:
            ItemError: it cannot be listed, or its ignore file cannot be followed.
        """
        try:
            with os.scandir(os.path.join(self._top, folder.relative)) as listed:  # noqa: PTH118
                entries = sorted(listed, key=lambda entry: entry.name)
            named = [entry for entry in entries if entry.name == IGNORE_FILE]
        except OSError as error:
            raise ItemError(f"the folder cannot be read: {error.strerror}") from error
        for entry in named:
            rules = _Rules(len(folder.prefix), _ignore_patterns(Path(entry.path)))
            folder = _Folder(folder.relative, (rules, *folder.rules))
        return folder, iter(entries)

    def _entered(self, folder: "_Folder", entry: "os.DirEntry[str]") -> "_Folder | None":
        if entry.is_symlink() or entry.name.startswith("."):
            return None
        relative = folder.prefix + entry.name
        if folder.ignores(f"{relative}/") or not self._filters.enter(relative):
            return None
        return _Folder(relative, folder.rules)

    def _taken(self, folder: "_Folder", entry: "os.DirEntry[str]") -> bool:
        if entry.name.startswith("."):
            return False
        relative = folder.prefix + entry.name
        return not folder.ignores(relative) and self._filters.take(relative)


@dataclass(frozen=True, slots=True)
class _Rules:
    """What one ignore file says.

    Attributes:
        start: where paths relative to its folder begin in paths relative to the top.
        patterns: of the file.
    """

    start: int
    patterns: "GitIgnoreSpec | None"


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder on the way, with the rules in force there, the nearest first."""

    relative: str
    rules: tuple[_Rules, ...]

    @property
    def prefix(self) -> str:
        """What paths of its entries begin with."""
        return f"{self.relative}/" if self.relative else ""

    def ignores(self, relative: str) -> bool:
        """Say whether an entry is ignored: the nearest file that mentions it decides."""
        for rules in self.rules:
            said = _says(rules.patterns, relative[rules.start :])
            if said is not None:
                return said
        return False


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself: reading it will say so
        return False


def _ignore_patterns(path: Path) -> "GitIgnoreSpec | None":
    """Read an ignore file.

    Raises:
        ItemError: it cannot be read or followed. To go on without it could publish what it hides.
    """
    try:
        if path.exists() and not path.is_file():  # to open a pipe would be to wait for ever
            raise ItemError(f"left out, for its {IGNORE_FILE} is no file")
        content = path.read_bytes()
    except OSError as error:
        raise ItemError(
            f"left out, for its {IGNORE_FILE} cannot be read: {error.strerror}"
        ) from error
    try:
        return _patterns(_lines(content))
    except ItemError as error:
        raise ItemError(f"left out until its {IGNORE_FILE} is mended: {error}") from error


def _lines(content: bytes) -> list[str]:
    """Return the lines of an ignore file; those of names that are no text keep their bytes.

    Raises:
        ItemError: it is no text.
    """
    try:
        # As some editors write it.
        utf16 = content.startswith(UTF16_BOMS)
        text = content.decode("utf-16") if utf16 else content.decode("utf-8-sig", "surrogateescape")
    except UnicodeDecodeError as error:
        raise ItemError("it is neither UTF-8 nor UTF-16 text") from error
    if "\0" in text:
        raise ItemError("it is no text: it holds a NUL character")
    return text.split("\n")


def _patterns(lines: Sequence[str]) -> "GitIgnoreSpec | None":
    """Compile patterns; ``None`` for none.

    Raises:
        ItemError: one of them is no pattern.
    """
    if not lines:
        return None
    from pathspec import GitIgnoreSpec

    for line in lines:
        try:
            GitIgnoreSpec.from_lines([line])
        except (ValueError, re.error) as error:
            raise ItemError(f"{line!r} is no pattern as .gitignore files have them") from error
    return GitIgnoreSpec.from_lines(lines)


def _says(patterns: "GitIgnoreSpec | None", path: str) -> bool | None:
    """Say whether patterns ignore a path, which ends in a slash if it is a folder's.

    As in git the last pattern that matches it decides, not one that matches a folder above it:
    those were asked when that folder was met.

    Returns:
        ``None`` where no pattern matches.
    """
    if patterns is None:
        return None
    line = _one_line(path)
    for pattern in reversed(list(patterns.patterns)):
        if pattern.include is not None and pattern.regex and _matches(pattern.regex, line):
            return pattern.include
    return None


def _matches(regex: re.Pattern[str], path: str) -> bool:
    """Say whether a pattern of pathspec's matches a path, and not only what it begins with."""
    if not regex.pattern.startswith("^"):  # of `*` and `**/`: any path, any folder
        return regex.search(path[-1]) is not None
    if regex.groups:  # what it stands for ends the path, or a folder in it
        return regex.fullmatch(path) is not None
    found = regex.match(path)  # of `a/**`: what is in the folder
    return found is not None and found.end() < len(path)


def _one_line(path: str) -> str:
    """Return a path for pathspec, whose `**` stops at a line end; no pattern can hold one."""
    return path.replace("\n", "\r")


def _absolute(path: str | Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - keeps a link's own name


def _globbed(pattern: str) -> Iterator[Path]:
    """Yield what matches; links to folders are not followed."""
    parts = Path(pattern).parts
    first = next(place for place, part in enumerate(parts) if _WILD.search(part))
    base, wild = Path(*parts[:first]), parts[first:]
    try:
        for path in base.glob("/".join(wild)):
            below = path.relative_to(base).parts
            hidden = _hidden(below, [part for part in wild if part.startswith(".")])
            if not hidden and not _through_link(base, below):
                yield _absolute(path)
    except (ValueError, re.error) as error:
        raise RequestError(f"{pattern!r} is no pattern: {error}") from error


def _hidden(parts: Iterable[str], dotted: Sequence[str]) -> bool:
    """Say whether a part is hidden that no dotted part of the pattern names."""
    return any(
        part.startswith(".") and not any(fnmatch.fnmatch(part, name) for name in dotted)
        for part in parts
    )


def _through_link(base: Path, parts: Sequence[str]) -> bool:
    """Say whether a path below a folder is a link to a folder, or leads through one."""
    steps = (base.joinpath(*parts[:count]) for count in range(1, len(parts) + 1))
    return any(step.is_symlink() and step.is_dir() for step in steps)


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """Leave out what lies below another; a folder comes before what is in it."""
    found: list[Path] = []
    seen: set[Path] = set()
    for path in paths:
        if seen.isdisjoint(path.parents):
            seen.add(path)
            found.append(path)
    return found
