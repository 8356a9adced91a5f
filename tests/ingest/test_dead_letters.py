import os
from pathlib import Path

import orjson
import pytest

from es_jina.errors import ItemError, RequestError
from es_jina.ingest.dead_letters import DeadLetters, read_dead_letters
from es_jina.ingest.report import Failure


def failure(source: str, unit: int | None = None, attempts: int = 1) -> Failure:
    return Failure(source, unit, "read", "ItemError", f"{source} is broken", attempts)


def test_each_failure_is_a_line_with_all_that_a_person_needs(tmp_path: Path) -> None:
    path = tmp_path / "dead.ndjson"
    with DeadLetters(path) as letters:
        letters.add(Failure.of("a.pdf", 3, "render", ItemError("page 3 is damaged")))
        # On disk at once: the run may be killed.
        (line,) = path.read_bytes().splitlines()
    assert orjson.loads(line) == {
        "source": "a.pdf",
        "unit": 3,
        "stage": "render",
        "error": "ItemError",
        "message": "page 3 is damaged",
        "attempts": 1,
    }
    assert read_dead_letters(path) == [
        Failure("a.pdf", 3, "render", "ItemError", "page 3 is damaged", 1)
    ]


def test_attempts_are_counted_over_runs(tmp_path: Path) -> None:
    path = tmp_path / "dead.ndjson"
    for attempt in (1, 2, 3):
        with DeadLetters(path) as letters:
            assert letters.add(failure("a")).attempts == attempt
    assert [each.attempts for each in read_dead_letters(path)] == [3]
    with DeadLetters(tmp_path / "other.ndjson", read_dead_letters(path)) as letters:
        assert letters.add(failure("a")).attempts == 4


def test_what_is_mended_goes_and_what_was_not_touched_stays(tmp_path: Path) -> None:
    path = tmp_path / "dead.ndjson"
    with DeadLetters(path) as letters:
        for source, unit in (("a", 1), ("a", 2), ("b", None), ("c", None)):
            letters.add(failure(source, unit))
    with DeadLetters(path) as letters:
        letters.add(failure("a", 2))
        letters.settle("a", frozenset({2}))
        letters.settle("b")
    left = {(each.source, each.unit) for each in read_dead_letters(path)}
    assert left == {("a", 2), ("c", None)}
    with DeadLetters(path) as letters:
        letters.settle("a")
        letters.settle("c")
    assert not path.exists()


def test_a_run_that_is_killed_loses_no_letter(tmp_path: Path) -> None:
    path = tmp_path / "dead.ndjson"
    with DeadLetters(path) as letters:
        letters.add(failure("old"))
    with DeadLetters(path) as letters:
        letters.add(failure("new"))
        with path.open("ab") as file:
            file.write(b'{"source":"half')
        # As a run leaves it that is killed now.
        assert [each.source for each in read_dead_letters(path)] == ["old", "new"]


def test_an_end_by_an_error_keeps_all(tmp_path: Path) -> None:
    path = tmp_path / "dead.ndjson"

    def run() -> None:
        with DeadLetters(path) as letters:
            letters.add(failure("a"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert [each.source for each in read_dead_letters(path)] == ["a"]


def test_a_file_that_somebody_has_edited(tmp_path: Path) -> None:
    path = tmp_path / "dead.ndjson"
    with DeadLetters(path) as letters:
        for source in "abc":
            letters.add(failure(source))
    first, second, third, _ = path.read_bytes().split(b"\n")
    path.write_bytes(b"\xef\xbb\xbf" + first + b"\r\n\n  \n" + second + b"\n" + third)
    assert [each.source for each in read_dead_letters(path)] == ["a", "b", "c"]
    # What the end of a killed run has cut off is no letter.
    path.write_bytes(first + b"\n" + second[:20])
    assert [each.source for each in read_dead_letters(path)] == ["a"]


def test_failures_of_files_that_are_gone_go_too(tmp_path: Path) -> None:
    path, root = tmp_path / "dead.ndjson", tmp_path / "in"
    root.mkdir()
    (root / "there.csv").touch()
    (root / "it#is.csv").touch()
    stay = [f"{root}/there.csv#7", f"{root}/it#is.csv#a#b", f"{tmp_path}/elsewhere.txt", "es://a/b"]
    with DeadLetters(path) as letters:
        for source in [*stay, f"{root}/gone.txt", f"{root}/gone.csv#7"]:
            letters.add(failure(source))
        letters.settle_gone([root])
    assert [each.source for each in read_dead_letters(path)] == stay


def test_what_is_no_file_is_not_touched(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/null"), tmp_path):
        with pytest.raises(RequestError, match="is no file: name another"):
            DeadLetters(path)
        with pytest.raises(RequestError, match="is no file: name another"):
            read_dead_letters(path)
    assert not Path("/dev/null").is_file()


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("dead.ndjson")
    with DeadLetters(tmp_path / "link") as letters:
        letters.add(failure("a"))
    assert (tmp_path / "link").is_symlink()
    assert [each.source for each in read_dead_letters(tmp_path / "dead.ndjson")] == ["a"]


@pytest.mark.parametrize(
    "content",
    [
        "no json\n",
        "no line end",
        '{"a": 1}\n',
        "[1]\n",
        '{"source":1,"unit":null,"stage":"read","error":"E","message":"m","attempts":1}\n',
    ],
)
def test_another_file_is_not_taken_for_one_and_not_harmed(tmp_path: Path, content: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(content)
    with pytest.raises(RequestError, match=r"no dead-letter file \(line 1\).* --dead-letter$"):
        DeadLetters(path)
    with pytest.raises(RequestError, match=r"no dead-letter file \(line 1\).* --retry-dead$"):
        read_dead_letters(path)
    assert path.read_text() == content


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"cannot be written .*; give another path"):
        DeadLetters(tmp_path / "no such folder" / "dead.ndjson")
    with pytest.raises(RequestError, match="there is no dead-letter file"):
        read_dead_letters(tmp_path / "none")
    if os.geteuid() != 0:
        (tmp_path / "dead.ndjson").touch()
        tmp_path.chmod(0o500)
        with pytest.raises(RequestError, match="cannot be written"):
            DeadLetters(tmp_path / "dead.ndjson")
        tmp_path.chmod(0o700)
