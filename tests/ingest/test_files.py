import os
import shutil
import socket
import subprocess
import tempfile
import tracemalloc
from pathlib import Path, PurePath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from es_jina.errors import RequestError
from es_jina.ingest.files import Filters, expand, find_files
from es_jina.ingest.report import Failure

from .files import unprivileged


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    return folder


NO_FILTERS = Filters()


def found(root: Path, filters: Filters = NO_FILTERS) -> list[str]:
    paths = [Path(each) for each in find_files(root, filters) if isinstance(each, str)]
    return [path.relative_to(root).as_posix() for path in paths]


def failures(root: Path) -> list[Failure]:
    return [each for each in find_files(root, Filters()) if isinstance(each, Failure)]


def test_files_come_sorted_and_hidden_ones_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, "c.txt", "a.md", ".hidden.txt", "b/d.txt", "b/.x/e.txt", ".git/config.txt")
    assert found(tmp_path) == ["a.md", "b/d.txt", "c.txt"]


def test_what_is_named_is_found_hidden_or_not(tmp_path: Path) -> None:
    make(tmp_path, ".notes/a.txt", ".notes/.b.txt")
    assert found(tmp_path / ".notes") == ["a.txt"]
    hidden = tmp_path / ".notes" / ".b.txt"
    assert list(find_files(hidden, Filters(exclude=("*",)))) == [str(hidden)]


def test_paths_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a/b.txt")
    monkeypatch.chdir(tmp_path)
    assert list(find_files(Path("a/../a"), Filters())) == [str(tmp_path / "a" / "b.txt")]


def test_loops_of_links_end(tmp_path: Path) -> None:
    make(tmp_path, "one/a.txt", "two/b.txt")
    (tmp_path / "one" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "two" / "other").symlink_to(tmp_path / "one", target_is_directory=True)
    (tmp_path / "self").symlink_to("self")
    # The link to itself is for whoever reads it to name.
    assert found(tmp_path) == ["one/a.txt", "self", "two/b.txt"]


def test_links_to_files_are_files_and_a_named_link_to_a_folder_is_one(tmp_path: Path) -> None:
    folder = make(tmp_path / "folder", "a.txt")
    (folder / "link.txt").symlink_to(make(tmp_path, "elsewhere.txt") / "elsewhere.txt")
    (folder / "broken.txt").symlink_to("nothing")
    (tmp_path / "link").symlink_to(folder, target_is_directory=True)
    assert found(tmp_path / "link") == ["a.txt", "broken.txt", "link.txt"]


def test_pipes_and_sockets_are_found_for_their_failure_to_be_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(tmp_path / "socket"))
        assert found(tmp_path) == ["pipe", "socket"]


def test_a_folder_that_cannot_be_listed_is_named_and_the_rest_goes_on(open_folder: Path) -> None:
    root = make(open_folder / "listing", "a.txt", "closed/b.txt", "d.txt")
    root.chmod(0o755)
    (root / "closed").chmod(0)
    found(root)  # imports what it needs
    with unprivileged():
        everything = list(find_files(root, Filters()))
    (root / "closed").chmod(0o755)  # so that it can be removed
    assert everything[::2] == [str(root / "a.txt"), str(root / "d.txt")]
    failure = everything[1]
    assert isinstance(failure, Failure)
    assert (failure.source, failure.unit, failure.stage) == (str(root / "closed"), None, "read")
    assert failure.message == "the folder cannot be read: Permission denied"


def test_a_folder_that_goes_away_is_named(tmp_path: Path) -> None:
    make(tmp_path, "a.txt", "b/c.txt", "d.txt")
    walk = find_files(tmp_path, Filters())
    assert next(walk) == str(tmp_path / "a.txt")
    shutil.rmtree(tmp_path / "b")
    failure, last = walk
    assert isinstance(failure, Failure)
    assert "No such file" in failure.message
    assert last == str(tmp_path / "d.txt")


def test_deep_trees(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(1200):  # more than functions may call each other
        folder /= "d"
        folder.mkdir()
    (folder / "a.txt").touch()
    try:
        assert list(find_files(tmp_path, Filters())) == [str(folder / "a.txt")]
    finally:
        subprocess.run(["rm", "-r", tmp_path / "d"], check=True)  # rmtree() calls itself


def test_ten_thousand_files_stream(tmp_path: Path) -> None:
    for number in range(100):
        make(tmp_path / f"{number:02}", *(f"{each:02}.txt" for each in range(100)))
    walk = find_files(tmp_path, Filters(include=("*.txt",)))
    assert next(walk) == str(tmp_path / "00" / "00.txt")
    # What comes later has not been looked at yet.
    (tmp_path / "99" / "99b.txt").touch()
    tracemalloc.start()
    count = sum(isinstance(path, str) for path in walk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 10_000
    assert peak < 500_000


def test_names_with_odd_bytes_and_line_ends(tmp_path: Path) -> None:
    odd = os.fsdecode(b"odd\xff\nname.txt")
    make(tmp_path, odd, "line\nend/a.log", "line\nend/b.txt")
    (tmp_path / ".esjinaignore").write_text("**/*.log\n")
    assert sorted(found(tmp_path)) == ["line\nend/b.txt", odd]
    (path, *_) = find_files(tmp_path / odd, Filters())
    assert isinstance(path, str)
    assert Path(path).as_uri().endswith("odd%FF%0Aname.txt")
    assert found(tmp_path, Filters(exclude=("odd*",))) == ["line\nend/b.txt"]


# Filters


@pytest.mark.parametrize(
    ("include", "exclude", "kept"),
    [
        ((), (), ["a.md", "a.txt", "sub/a.md", "sub/b.txt", "sub/deep/c.txt"]),
        (("*.md",), (), ["a.md", "sub/a.md"]),
        (("/*.md",), (), ["a.md"]),
        (("sub/",), (), ["sub/a.md", "sub/b.txt", "sub/deep/c.txt"]),
        (("sub/**/*.txt",), (), ["sub/b.txt", "sub/deep/c.txt"]),
        (("*.md", "*.txt"), ("deep",), ["a.md", "a.txt", "sub/a.md", "sub/b.txt"]),
        (("*.md", "!sub/a.md"), (), ["a.md"]),
        ((), ("sub/",), ["a.md", "a.txt"]),
        (("a.*",), ("*.txt",), ["a.md", "sub/a.md"]),
        # As git has it: what is in a folder that is left out cannot be let in again.
        ((), ("sub/", "!sub/a.md"), ["a.md", "a.txt"]),
        ((), ("*.txt", "!b.txt"), ["a.md", "sub/a.md", "sub/b.txt"]),
    ],
)
def test_filters(
    tmp_path: Path, include: tuple[str, ...], exclude: tuple[str, ...], kept: list[str]
) -> None:
    make(tmp_path, "a.md", "a.txt", "sub/a.md", "sub/b.txt", "sub/deep/c.txt")
    filters = Filters(include, exclude)
    assert found(tmp_path, filters) == kept
    assert [name for name in found(tmp_path) if filters.allow(PurePath(name))] == kept


@pytest.mark.parametrize("pattern", ["!", "[z-a]", "a\\"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(RequestError, match=r"--exclude: .* is no pattern"):
        Filters(exclude=("*.txt", pattern))
    with pytest.raises(RequestError, match=r"--include: .* is no pattern"):
        Filters(include=(pattern,))


# Ignore files


def test_ignore_files(tmp_path: Path) -> None:
    make(
        tmp_path, "a.log", "keep.log", "b.txt", "sub/a.log", "sub/keep.log", "sub/own.log",
        "sub/b.txt", "build/b.txt", "sub/build/b.txt", "sub/deep/own.log", "sub/deep/b.txt",
    )  # fmt: skip
    (tmp_path / ".esjinaignore").write_bytes(b"# logs\r\n*.log\r\n!keep.log\r\n/build/\r\n")
    (tmp_path / "sub" / ".esjinaignore").write_text("!own.log\n/b.txt\nkeep.log\n")
    assert found(tmp_path) == [
        "b.txt", "keep.log", "sub/build/b.txt", "sub/deep/b.txt", "sub/deep/own.log", "sub/own.log",
    ]  # fmt: skip


def test_a_damaged_ignore_file_leaves_its_folder_out(tmp_path: Path) -> None:
    make(tmp_path, "a.txt", "sub/b.txt")
    (tmp_path / "sub" / ".esjinaignore").write_text("ok\n[z-a]\n")
    (failure,) = failures(tmp_path)
    assert failure.source == str(tmp_path / "sub")
    assert "until its .esjinaignore is mended: '[z-a]' is no pattern" in failure.message
    assert found(tmp_path) == ["a.txt"]
    (tmp_path / "sub" / ".esjinaignore").unlink()
    (tmp_path / "sub" / ".esjinaignore").symlink_to(".esjinaignore")
    assert [failure.source for failure in failures(tmp_path)] == [str(tmp_path / "sub")]


def test_an_ignore_file_that_cannot_be_read_leaves_its_folder_out(open_folder: Path) -> None:
    root = make(open_folder / "ignoring", "a.txt", ".esjinaignore")
    root.chmod(0o755)
    (root / ".esjinaignore").chmod(0)
    with unprivileged():
        (failure,) = find_files(root, Filters())
    assert isinstance(failure, Failure)
    assert "its .esjinaignore cannot be read: Permission denied" in failure.message


def test_a_pipe_for_an_ignore_file_is_not_waited_for(tmp_path: Path) -> None:
    make(tmp_path, "a.txt")
    os.mkfifo(tmp_path / ".esjinaignore")
    (failure,) = failures(tmp_path)
    assert "its .esjinaignore is no file" in failure.message
    assert found(tmp_path) == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_an_ignore_file_as_windows_writes_it(tmp_path: Path, encoding: str) -> None:
    make(tmp_path, "a.txt", "b.txt", "sub/c.txt")
    (tmp_path / ".esjinaignore").write_bytes("sub/\r\na.txt\r\n".encode(encoding))
    assert found(tmp_path) == ["b.txt"]


@pytest.mark.parametrize("content", [b"\xff\xfe\x80ba", b"a.txt\0"])
def test_an_ignore_file_that_is_no_text_leaves_its_folder_out(
    tmp_path: Path, content: bytes
) -> None:
    make(tmp_path, "a.txt")
    (tmp_path / ".esjinaignore").write_bytes(content)
    (failure,) = failures(tmp_path)
    assert "until its .esjinaignore is mended: it is" in failure.message
    assert found(tmp_path) == []


def test_patterns_do_not_lead_through_links_to_folders(tmp_path: Path) -> None:
    make(tmp_path, "real/a.txt")
    (tmp_path / "alias").symlink_to("real")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "link.txt").symlink_to("real/a.txt")
    assert expand(f"{tmp_path}/*") == [tmp_path / "link.txt", tmp_path / "real"]
    assert expand(f"{tmp_path}/**/*.txt") == [tmp_path / "link.txt", tmp_path / "real/a.txt"]
    assert expand(f"{tmp_path}/*/a.txt") == [tmp_path / "real/a.txt"]
    # Which is named is taken.
    assert expand(f"{tmp_path}/alias") == [tmp_path / "alias"]


NAMES = ["c", "c.x", "a/a", "a/b", "a/c.x", "a/d/a", "b/c", "b/a/a", "b/a/b", "b/a/c.x"]
RULES = st.lists(
    st.sampled_from(
        ["a", "/a", "a/", "b/a", "*.x", "!c.x", "!a", "!/a/", "a/*", "!a/b", "**/b", "b/**", "!b/c",
         "#a", "", "[ab]", "?", "*", "!*/", "a/**", "a/**/c.x", "  ", "b ", "!a/", "**/"]
    ),
    max_size=4,
)  # fmt: skip


@given(RULES, RULES)
@settings(max_examples=40)
def test_ignore_files_say_what_they_say_to_git(top: list[str], below: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = make(Path(name), *NAMES)
        for place, rules in ((folder, top), (folder / "b", below)):
            for file in (".esjinaignore", ".gitignore"):
                (place / file).write_text("\n".join(rules))
        subprocess.run(["git", "init", "-q", name], check=True)
        listed = subprocess.run(
            ["git", "ls-files", "--others", "--exclude-per-directory=.gitignore"],
            cwd=name, check=True, capture_output=True, text=True,
        )  # fmt: skip
        expected = [line for line in listed.stdout.splitlines() if "ignore" not in line]
        assert sorted(found(folder)) == sorted(expected)


# Patterns for targets


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make(
        tmp_path, "a.md", "b.txt", "sub/c.md", "sub/deep/d.md", ".e.md", ".hidden/f.md", "[g].md",
        ".hidden/.h.md",
    )  # fmt: skip
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("a.md", ["a.md"]),
        ("sub", ["sub"]),
        (".e.md", [".e.md"]),
        ("./sub/../a.md", ["a.md"]),
        ("[g].md", ["[g].md"]),
        ("*.md", ["[g].md", "a.md"]),
        ("?.*", ["a.md", "b.txt"]),
        ("**/*.md", ["[g].md", "a.md", "sub/c.md", "sub/deep/d.md"]),
        ("sub/*", ["sub/c.md", "sub/deep"]),
        ("sub/**", ["sub"]),
        ("s[u]b/*/d.md", ["sub/deep/d.md"]),
        (".*.md", [".e.md"]),
        (".hidden/*", [".hidden/f.md"]),
        (".h*/.h*", [".hidden/.h.md"]),
        ("**/.e*", [".e.md"]),
    ],
)
def test_targets(tree: Path, target: str, names: list[str]) -> None:
    assert expand(target) == [tree / name for name in names]
    if not target.startswith("."):
        assert expand(str(tree / target)) == [tree / name for name in names]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nowhere/at/all", "there is no file or folder 'nowhere/at/all'"),
        ("a.md/b", "there is no file or folder"),
        ("*.pdf", r"nothing matches '\*\.pdf'"),
        ("nowhere/*", "nothing matches"),
        ("**x", "is no pattern|nothing matches"),
        ("a\0b", "cannot be read"),
        ("a" * 5000, "cannot be read: File name too long"),
        ("", "there is no file or folder ''"),
    ],
)
def test_targets_that_are_not_there(tree: Path, target: str, message: str) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        expand(target)
    assert "\n" not in str(caught.value)


def test_a_broken_link_that_is_named_is_there(tree: Path) -> None:
    (tree / "broken").symlink_to("nothing")
    assert expand("broken") == [tree / "broken"]


def test_patterns_end_in_loops_of_links(tree: Path) -> None:
    for name in ("one", "two", "three"):
        (tree / "sub" / name).symlink_to(tree, target_is_directory=True)
    assert expand("sub/**/*.md") == [tree / "sub" / "c.md", tree / "sub" / "deep" / "d.md"]
