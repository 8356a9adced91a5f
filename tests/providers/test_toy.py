from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.errors import CheckpointError
from es_jina.providers import describe
from es_jina.providers.toy import Toy, say_unknown, words_of
from tests.toys import ABOUT, toy_of

WORDS = [
    *("red", "House", "straße", "rotes", "haus", "café", "2024"),
    *("红", "红色", "房子", "赤い", "家", "บ้าน", "गधा"),
]
TOY = Toy.read({"about": "A toy.\nIt knows few words.", "words": WORDS}, "toy.json")


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("red house", []),
        ("Red HOUSE, red!", []),
        ("a red unicorn", ["a", "unicorn"]),
        ("Unicorn unicorn UNICORN", ["Unicorn"]),
        ("rotes Haus in der STRASSE", ["in", "der"]),
        ("cafe\u0301 CAFÉ", []),  # the accent as a mark of its own
        ("house's 'red' l\u2019haus", []),
        ("unicorn's don't", ["unicorn's", "don't"]),
        ("red-house/red_house", []),
        ("2024 2025", ["2025"]),
        ("红色房子", []),
        ("红房子", []),
        ("红色的房子里", ["的", "里"]),
        ("大红色飞机房子", ["大", "飞机"]),
        ("red房子unicorn马", ["unicorn", "马"]),
        ("赤い家と犬", ["と犬"]),
        ("บ้านแดง", ["แดง"]),
        ("गधा घोड़ा", ["घोड़ा"]),
        ("красный дом", ["красный", "дом"]),
        ("", []),
        (" \n\t!? ... — ' '' \u2019 ❤\ufe0f 🦄 \u0301", []),
    ],
)
def test_words_that_a_toy_has_never_seen(text: str, unknown: list[str]) -> None:
    assert TOY.unknown(text) == unknown


def test_who_does_not_tell_its_words_is_not_held_to_them() -> None:
    assert Toy("A toy.", frozenset()).unknown("a unicorn") == []


@given(st.text(st.characters()))
def test_any_text_has_words(text: str) -> None:
    unknown = TOY.unknown(text)
    assert len(set(unknown)) == len(unknown)
    assert all(words_of(text))
    knowing = Toy("A toy.", frozenset(map(str.casefold, words_of(text))))
    assert knowing.unknown(text) == []


def test_unknown_words_are_said() -> None:
    assert say_unknown(["unicorn"]) == "the demo model does not know 'unicorn'"
    assert say_unknown(["a", "b", "c"]) == "the demo model does not know 'a', 'b' and 'c'"


@pytest.fixture
def toy_checkpoint(checkpoint: Path, tmp_path: Path) -> Path:
    """The tiny checkpoint, in a folder that says it is a toy."""
    return toy_of(checkpoint, tmp_path / "toy", "fox")


def test_a_checkpoint_says_it_is_a_toy_and_is_the_same_model(
    toy_checkpoint: Path, checkpoint: Path
) -> None:
    toy, plain = describe("local", str(toy_checkpoint)), describe("local", str(checkpoint))
    assert toy.toy == Toy(ABOUT, frozenset({"fox"}))
    assert plain.toy is None
    # What it says of itself changes no vector.
    assert toy.revision == plain.revision


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        (b"{", "cannot be read as JSON"),
        (b"[]", "must hold a JSON object"),
        (b"{}", "must say in `about`"),
        (b'{"about": " ", "words": []}', "must say in `about`"),
        (b'{"about": 1, "words": []}', "must say in `about`"),
        (b'{"about": "A toy."}', "must list in `words`"),
        (b'{"about": "A toy.", "words": "fox"}', "must list in `words`"),
        (b'{"about": "A toy.", "words": ["fox", 1]}', "must list in `words`"),
        (b'{"about": "\xff"}', "cannot be read as JSON"),
    ],
)
def test_a_broken_toy_is_refused(toy_checkpoint: Path, told: bytes, wrong: Any) -> None:
    (toy_checkpoint / "toy.json").write_bytes(told)
    with pytest.raises(CheckpointError, match=wrong) as raised:
        describe("local", str(toy_checkpoint))
    assert str(toy_checkpoint / "toy.json") in str(raised.value)
