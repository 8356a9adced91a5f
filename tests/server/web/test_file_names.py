"""What files are called that clients name."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.server.web.file_names import safe_name


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        ("photo.jpg", "photo.jpg"),
        ("Überblick – 東京 🗼 (2).pdf", "Überblick – 東京 🗼 (2).pdf"),
        (unicodedata.normalize("NFD", "Überblick.pdf"), "Überblick.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a.png", "a.png"),
        ("/", ""),
        ("..", ""),
        ("", ""),
        (" \t\n", ""),
        (".bashrc", "bashrc"),
        ("\u3000.bashrc", "bashrc"),
        ("...a", "a"),
        ("a.md. .", "a.md"),
        ("a\0b\nc\x7f.md", "abc.md"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("a*b?[c]:d.md", "a_b_[c]_d.md"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("com1 .tar.gz", "_com1 .tar.gz"),
        ("Lpt¹.md", "_Lpt¹.md"),
        ("console.md", "console.md"),
        ("\ud800a.md", "a.md"),
    ],
)
def test_what_is_left_of_a_name(named: str, kept: str) -> None:
    assert safe_name(named) == kept


def test_name_that_is_too_long_keeps_its_suffix() -> None:
    assert safe_name("é" * 300 + ".pdf") == "é" * 125 + ".pdf"
    assert safe_name("a" * 300) == "a" * 255
    assert safe_name("a." + "b" * 300) == "a." + "b" * 253


@given(st.text(st.characters(exclude_categories=())) | st.text("./\\: \u3000nulco1é\0\u202e"))
def test_every_name_is_safe(named: str) -> None:
    name = safe_name(named)
    assert len(name.encode()) <= 255
    assert not set(name) & set('/\\\0\n<>:"|?*')
    assert not name.startswith((".", " "))
    assert not name.endswith((".", " "))
    assert name.split(".")[0].strip().lower() not in {"con", "nul", "com1"}
    assert safe_name(name) == name
