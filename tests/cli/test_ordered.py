import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from es_jina.cli.ordered import OrderedCommand, in_order


@click.command(cls=OrderedCommand)
@click.argument("inputs", nargs=-1)
@click.option("--text", "-t", "texts", multiple=True)
@click.option("--image", "images", multiple=True)
@click.option("--task")
@click.option("--flag", is_flag=True)
@click.pass_context
def command(ctx: click.Context, /, **_: object) -> list[tuple[str, str]]:
    return in_order(ctx, "inputs", "texts", "images")


def ordered(*arguments: str) -> list[tuple[str, str]]:
    told = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert told.exception is None, arguments
    found: list[tuple[str, str]] = told.return_value
    return found


WORDS = st.sampled_from(["a", "b", "--text", "--image", "--task", "-", "--", "-t", "=", ""])
PIECES = st.lists(
    st.one_of(
        st.tuples(st.just("inputs"), st.sampled_from(["a", "b", "-", ""])),
        st.tuples(st.sampled_from(["texts", "images", "task"]), WORDS),
        st.just(("flag", "")),
    ),
    max_size=8,
)
OPTIONS = {"texts": "--text", "images": "--image", "task": "--task"}


@given(PIECES, st.none() | st.lists(WORDS, max_size=4), st.booleans())
def test_any_order_is_kept(
    pieces: list[tuple[str, str]], behind: list[str] | None, joined: bool
) -> None:
    arguments = []
    for name, value in pieces:
        if name == "inputs":
            arguments.append(value)
        elif name == "flag":
            arguments.append("--flag")
        else:
            option = OPTIONS[name]
            arguments += [f"{option}={value}"] if joined else [option, value]
    wanted = [piece for piece in pieces if piece[0] not in ("task", "flag")]
    if behind is not None:
        arguments += ["--", *behind]
        wanted += [("inputs", word) for word in behind]
    assert ordered(*arguments) == wanted


def test_short_names_count_too() -> None:
    assert ordered("a", "-tb", "c") == [("inputs", "a"), ("texts", "b"), ("inputs", "c")]


@pytest.mark.parametrize("arguments", [["a", "--nonsense"], ["--text"], ["a", "--text"]])
def test_what_is_wrong_is_told_as_ever(arguments: list[str]) -> None:
    told = CliRunner().invoke(command, arguments)
    assert told.exit_code == 2
    assert "Error: " in told.output
