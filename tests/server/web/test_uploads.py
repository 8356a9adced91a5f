"""Where added files are kept."""

import stat
from pathlib import Path

import pytest

from es_jina.errors import ItemError
from es_jina.server.web.uploads import Kept, Uploads


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "uploads")


def files(folder: Path) -> list[Path]:
    """Return all files below a folder, hidden ones too."""
    return sorted(each for each in folder.rglob("*") if each.is_file())


def test_file_keeps_its_name_and_is_nobody_elses(uploads: Uploads, tmp_path: Path) -> None:
    path = uploads.keep("docs", "東京 1.md", b"abc").path
    assert path.name == "東京 1.md"
    assert path.read_bytes() == b"abc"
    assert path.parent.parent == tmp_path / "uploads" / "docs"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, tmp_path / "uploads" / "docs", tmp_path / "uploads"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert files(tmp_path) == [path]


def test_same_name_with_another_content_harms_nothing(uploads: Uploads) -> None:
    one, two = (uploads.keep("docs", "a.md", content).path for content in (b"one", b"two"))
    assert (one.read_bytes(), two.read_bytes()) == (b"one", b"two")


def test_same_content_is_the_same_file(uploads: Uploads, tmp_path: Path) -> None:
    first = uploads.keep("docs", "a.md", b"abc")
    before = first.path.stat()
    for name in ("a.md", "b.MD"):
        again = uploads.keep("docs", name, b"abc")
        assert again == Kept(first.path, new=False)
        again.drop()
    assert first.path.stat().st_mtime_ns == before.st_mtime_ns
    assert uploads.keep("docs", "a.txt", b"abc").path.name == "a.txt"
    assert uploads.keep("others", "b.md", b"abc").path.name == "b.md"
    assert len(files(tmp_path)) == 3


def test_file_that_was_cut_off_is_written_again(uploads: Uploads) -> None:
    path = uploads.keep("docs", "a.md", b"abc").path
    path.write_bytes(b"a")
    assert uploads.keep("docs", "a.md", b"abc") == Kept(path, new=False)
    assert path.read_bytes() == b"abc"


def test_dropped_file_leaves_nothing(uploads: Uploads, tmp_path: Path) -> None:
    kept = uploads.keep("docs", "a.md", b"abc")
    kept.drop()
    kept.drop()
    assert list((tmp_path / "uploads" / "docs").iterdir()) == []


def test_file_that_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "uploads").write_text("in the way")
    with pytest.raises(ItemError, match=r"^the file cannot be kept: File exists$"):
        Uploads(tmp_path / "uploads").keep("docs", "a.md", b"abc")


def test_file_that_is_not_written_whole_leaves_nothing(
    uploads: Uploads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ItemError, match="No space left on device"):
        uploads.keep("docs", "a.md", b"abc")
    assert list((tmp_path / "uploads" / "docs").iterdir()) == []
