"""Where the API key comes from."""

from pathlib import Path

import pytest

from es_jina.errors import ProviderError, RequestError
from es_jina.providers.keys import find_key, has_key

KEY = "jina_0123456789"


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JINA_API_KEY", "JINA_API_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "key"
    path.write_bytes(content)
    return path


def test_there_is_none() -> None:
    assert find_key() is None
    assert not has_key()


@pytest.mark.parametrize("value", ["", " ", "\n"])
def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("JINA_API_KEY", value)
    assert find_key() is None
    assert not has_key()


def test_the_caller_s_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JINA_API_KEY", "jina_other")
    monkeypatch.setenv("JINA_API_KEY_FILE", str(tmp_path / "missing"))
    assert find_key(f" {KEY}\n") == KEY


def test_no_key_on_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JINA_API_KEY", KEY)
    assert find_key("") is None


def test_the_variable_comes_before_the_file_that_one_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JINA_API_KEY_FILE", str(written(tmp_path, b"jina_of_the_file\n")))
    assert has_key()
    assert find_key() == "jina_of_the_file"
    monkeypatch.setenv("JINA_API_KEY", f"{KEY}\r\n")
    assert find_key() == KEY


def test_a_file_that_is_named_comes_before_the_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JINA_API_KEY", "jina_other")
    assert find_key(key_file=written(tmp_path, KEY.encode())) == KEY


@pytest.mark.parametrize(
    "content",
    [f"{KEY}\n", f"{KEY}\r\n", f"\n  {KEY} \n\n", f"\ufeff{KEY}"],
    ids=["line", "windows", "blanks", "mark"],
)
def test_forms_of_a_file(tmp_path: Path, content: str) -> None:
    assert find_key(key_file=written(tmp_path, content.encode())) == KEY


@pytest.mark.parametrize("content", [b"", b"\n", f"{KEY} {KEY}".encode(), b"x" * 5000, b"one\ntwo"])
def test_a_file_that_holds_something_else(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)
    with pytest.raises(RequestError, match="must hold the API key and nothing else") as caught:
        find_key(key_file=path)
    assert KEY not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RequestError, match="cannot be read: Is a directory"):
        find_key(key_file=tmp_path)
    monkeypatch.setenv("JINA_API_KEY_FILE", str(tmp_path / "missing"))
    with pytest.raises(RequestError, match="missing: the API key cannot be read: No such file"):
        find_key()


@pytest.mark.parametrize("key", [f"Bearer {KEY}", f"é{KEY}", f"{KEY}\x00", f"{KEY}\nX-Other: 1"])
def test_an_impossible_key_is_not_repeated(key: str) -> None:
    with pytest.raises(ProviderError, match="copy it again") as caught:
        find_key(key)
    assert KEY not in str(caught.value)


def test_a_file_of_other_bytes(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="copy it again"):
        find_key(key_file=written(tmp_path, b"\xff\xfe\x00"))
