import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import es_jina
from es_jina.cli.main import COMMANDS, cli, main
from es_jina.errors import EsJinaError

HEAVY = ("torch", "transformers", "elasticsearch", "httpx", "numpy", "PIL", "rich")


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "es_jina", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **environment},
    )


def test_help_names_every_command_and_the_licence() -> None:
    told = run("--help")
    assert told.returncode == 0
    for name in COMMANDS:
        assert f"  {name} " in told.stdout
    assert "NON-COMMERCIAL" in told.stdout
    assert "Exit codes" in told.stdout


@pytest.mark.parametrize("statement", ["import es_jina", "from es_jina.cli.main import cli"])
def test_nothing_heavy_is_imported(statement: str) -> None:
    code = f"{statement}; import sys; print([m for m in {HEAVY} if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    told = CliRunner().invoke(cli, [name, "--help"])
    assert told.exit_code == 0
    assert len(told.output.splitlines()) > 4
    assert "torch" not in told.output


def test_every_public_name_can_be_imported() -> None:
    assert sorted(es_jina.__all__) == es_jina.__all__
    for name in es_jina.__all__:
        assert getattr(es_jina, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = es_jina.nonsense


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nonsense"], 2, "No such command 'nonsense'"),
        (["search"], 2, "Missing argument 'INDEX'"),
        (["search", "docs"], 2, "give either a QUERY or --image FILE"),
        (["search", "docs", "x", "--url", "http://127.0.0.1:9"], 4, "cannot be reached"),
        (["search", "docs", "x", "--url", "nonsense"], 4, "scheme"),
        (["doctor", "docs", "--url", "http://127.0.0.1:9"], 4, "cannot be reached"),
        (
            ["ingest", "docs", "/no/such/path", "--url", "http://127.0.0.1:9"],
            4,
            "cannot be reached",
        ),
        (["setup", "docs", "--model", "/no/such/folder"], 5, "neither a folder nor"),
        (["setup", "docs", "--provider", "hosted", "--model", "/x"], 2, "the hosted API does not"),
        (["setup", "docs", "--dims", "300"], 2, "dims 300: choose from 128"),
    ],
)
def test_bad_input_is_one_line_and_an_exit_code(
    arguments: list[str], code: int, message: str
) -> None:
    told = run(*arguments, JINA_API_KEY="", ES_JINA_URL="")
    assert told.returncode == code
    assert message in told.stderr
    assert "Traceback" not in told.stderr
    assert len([line for line in told.stderr.splitlines() if line.startswith("Error")]) == 1


def test_errors_exit_with_their_own_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise EsJinaError("something [odd] happened")

    monkeypatch.setattr(cli, "main", fails)
    with pytest.raises(SystemExit) as exit_:
        main([])
    assert exit_.value.code == 1
    assert capsys.readouterr().err == "Error: something [odd] happened\n"


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m es_jina --help | head -1; exit ${{PIPESTATUS[0]}}"
    told = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert told.returncode == 0
    assert "Traceback" not in told.stderr


def test_an_output_that_takes_nothing_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        told = subprocess.run(
            [sys.executable, "-m", "es_jina", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert told.returncode == 1
    assert told.stderr == "Error: the output cannot be written: No space left on device\n"


def test_the_readme_names_every_command_and_exit_code() -> None:
    readme = (Path(es_jina.__file__).parent.parent / "README.md").read_text("utf-8")
    for name in COMMANDS:
        assert f"es-jina {name}" in readme
    for code in ("3", "4", "5", "6", "130"):
        assert f"| {code} |" in readme
