import hashlib
import logging
from pathlib import Path

import pytest

from es_jina.errors import RequestError
from es_jina.server.keys import VARIABLE, Keys, add_key, new_key


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def line(name: str, key: str) -> str:
    return f"{name} sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def test_keys_are_added_and_found(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    first, second = add_key(file, "kibana"), add_key(file, "batch-1")
    keys = Keys(file)
    assert len(keys) == 2
    assert keys.name_of(first) == "kibana"
    assert keys.name_of(second) == "batch-1"
    for wrong in ("", first[:-1], first + "x", first.upper(), "ключ", "\x00"):
        assert keys.name_of(wrong) is None
    assert file.stat().st_mode & 0o777 == 0o600
    assert first not in file.read_text()


def test_keys_are_long_and_never_the_same() -> None:
    made = {new_key() for _ in range(100)}
    assert len(made) == 100
    assert all(key.startswith("ej_") and len(key) == 46 for key in made)


def test_a_file_with_comments_and_without_a_last_line_end(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"\ufeff# ours\r\n\r\n  {line('one', 'a')}\t# of March\r\n{line('one', 'b')}")
    file.chmod(0o640)
    added = add_key(file, "two")
    keys = Keys(file)
    assert [keys.name_of(key) for key in ("a", "b", added)] == ["one", "one", "two"]
    assert file.stat().st_mode & 0o777 == 0o640  # its owner's choice


def test_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, f"{line('one', 'a')}, {line('two', 'b')}\n{line('three', 'c')}\n")
    keys = Keys(None)
    assert [keys.name_of(key) for key in "abcd"] == ["one", "two", "three", None]
    added = add_key(tmp_path / "keys", "four")
    both = Keys(tmp_path / "keys")
    assert [both.name_of("a"), both.name_of(added)] == ["one", "four"]


def test_no_keys() -> None:
    assert not Keys(None)
    assert Keys(None).name_of("") is None


def test_a_key_is_revoked_while_the_server_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{line('one', 'a')}\n{line('two', 'b')}\n")
    keys = Keys(file)
    file.write_text(f"{line('one', 'a')}\n")
    assert [keys.name_of(key) for key in "ab"] == ["one", None]
    with caplog.at_level(logging.WARNING):
        # What is wrong elsewhere in the file brings no key back.
        file.write_text(f"{line('two', 'b')}\nhalf a li")
        assert [keys.name_of(key) for key in "aabb"] == [None, None, "two", "two"]
        file.unlink()
        # Without any key nobody comes in, which is not to say that everybody does.
        assert keys.name_of("b") is None
    assert len(caplog.messages) == 2  # once for each change
    assert "line 2" in caplog.messages[0]
    assert caplog.messages[0].endswith("valid keys of it: 1")
    file.write_text(f"# again\n{line('two', 'b')}\n")
    assert keys.name_of("b") == "two"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no key: make one with `es-jina key NAME --file "),
        ("# none\n", "holds no key"),
        ("ej_secret", "line 1: it must be `NAME sha256:HEX`"),
        ("# x\nname ej_secret", "line 2: "),
        ("name sha256:ej_secret", "line 1: "),
        (f"a b sha256:{'0' * 64}", "line 1: "),
        (f"name md5:{'0' * 64}", "line 1: "),
        ("x" * 2_000_000, "too large"),
    ],
)
def test_files_that_hold_something_else(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "keys"
    file.write_text(content)
    with pytest.raises(RequestError) as caught:
        Keys(file)
    assert message in str(caught.value)
    assert str(file) in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RequestError, match=r"missing: the keys cannot be read: No such file"):
        Keys(tmp_path / "missing")
    with pytest.raises(RequestError, match="cannot be read: Is a directory"):
        Keys(tmp_path)
    monkeypatch.setenv(VARIABLE, f"{line('one', 'a')},ej_plain")
    with pytest.raises(RequestError, match=r"ES_JINA_SERVER_KEYS, entry 2: .*the hash and not"):
        Keys(None)
