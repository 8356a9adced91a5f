from pathlib import Path

import pytest

from es_jina.server.keys import Keys

from .shell import Inside


@pytest.fixture
def es_jina(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Inside:
    return Inside(tmp_path, "http://127.0.0.1:9", monkeypatch, capfd)


def test_a_key_is_printed_once_and_its_hash_kept(es_jina: Inside, tmp_path: Path) -> None:
    key = es_jina("key", "kibana", "--file", "keys", errors=False).rstrip("\n")
    assert Keys(tmp_path / "keys").name_of(key) == "kibana"
    said = es_jina("key", "batch", "--file", "keys")
    assert "Authorization: Bearer KEY" in said
    assert key not in said + (tmp_path / "keys").read_text()
    assert len(Keys(tmp_path / "keys")) == 2


def test_what_cannot_be_done(es_jina: Inside, tmp_path: Path) -> None:
    (tmp_path / "README").write_text("Hello\n")
    assert "README, line 1: it must be" in es_jina("key", "x", "--file", "README", code=2)
    assert (tmp_path / "README").read_text() == "Hello\n"
    assert "cannot be a key's name" in es_jina("key", "a b", "--file", "keys", code=2)
    assert "cannot be added: No such file" in es_jina("key", "x", "--file", "no/keys", code=2)
    assert "is a directory" in es_jina("key", "x", "--file", ".", code=2)
    assert "Missing option '--file'" in es_jina("key", "x", code=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README"]
