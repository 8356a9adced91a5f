import pytest

from es_jina.cli.search_display import print_results
from es_jina.search.hits import Hit, Results


def test_what_a_document_says_does_not_steer_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hit = Hit("1", 0.5, "file:///a", "\x1b[31mred", "text", None, None, 1, "bell\a and \x9b2J")
    print_results(Results("text", False, 0, 0, [hit], 0, [], []))
    told = capsys.readouterr().out
    assert "\N{REPLACEMENT CHARACTER}[31mred" in told
    assert not {"\x1b", "\a", "\x9b"} & {*told}
