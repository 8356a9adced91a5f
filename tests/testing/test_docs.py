"""The example of docs/testing.md, run."""

from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs" / "testing.md"


def test_the_example() -> None:
    example = DOCS.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    assert "StubApi" in example
    exec(example, {})
