"""A desk where the blocks of one document are typed, one after the other."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from .blocks import Block
from .papers import lay_out
from .typed import end

SECONDS = 180
TYPED = Path(__file__).with_name("typed.py")
# Read by the shell before a block: what earlier blocks have set, and how a failure is told.
BEFORE = """\
if [ -e "$DOCS_STATE" ]; then . "$DOCS_STATE"; cd "$PWD"; fi;\
trap 'echo "line $LINENO: exit code $?" >&2' ERR; trap 'export -p > "$DOCS_STATE"' EXIT;"""


class Desk:
    """A home, a folder, a PATH, and what stands in for what is elsewhere.

    Args:
        folder: where all of it goes.
        environment: of every block.
        stand_ins: texts of the documents, by what is put in their place: addresses and keys.
    """

    def __init__(
        self, folder: Path, environment: Mapping[str, str], stand_ins: Mapping[str, str]
    ) -> None:
        self._stand_ins = dict(stand_ins)
        self.folder = folder / "here"
        home, programs, data = (folder / name for name in ("home", "programs", "data"))
        for each in (home, programs, data, self.folder):
            each.mkdir(parents=True)
        lay_out(home, self.folder)
        for name in ("es-jina", "python", "python3"):
            program = programs / name
            program.write_text(f"#!{sys.executable} -IS\n{TYPED.read_text()}")
            program.chmod(0o755)
        self.environment = {
            **environment,
            "HOME": str(home),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "ES_JINA_DATA": str(data),
            "DOCS_STATE": str(folder / "state.sh"),
            "DOCS_SERVER": str(folder / "server"),
        }
        self._server = folder / "server"
        self._python: subprocess.Popen[str] | None = None

    def stand_in(self, text: str, instead: str) -> None:
        """Put something in the place of a text of the documents."""
        self._stand_ins[text] = instead

    def run(self, block: Block) -> None:
        """Run a block.

        Raises:
            AssertionError: it fails; the message names document and line.
        """
        code = block.padded
        for text, instead in self._stand_ins.items():
            code = code.replace(text, instead)
        if block.language == "sh":
            self._type(block, code)
        else:
            self._exec(block, code)

    def type(self, command: str) -> None:
        """Type a command that stands in no document."""
        self._type(Block("(preparing)", 1, "sh", command, None), command)

    def close(self) -> None:
        """End what the blocks have started."""
        if self._python is not None:
            self._python.communicate()
        end(self._server)

    def _type(self, block: Block, code: str) -> None:
        # Of the document's lines only the first can hold what is before: it is never a block's.
        script = BEFORE + (code if code.startswith("\n") else " " + code)
        done = subprocess.run(
            ["bash", "-euEo", "pipefail", "-c", script, block.document],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        told = f"{block.place}: {done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        assert done.returncode == 0, told
        assert "Traceback" not in done.stderr, told

    def _exec(self, block: Block, code: str) -> None:
        if self._python is None:
            self._python = subprocess.Popen(
                ["bash", "-euc", f"{BEFORE} exec python -m tests.docs.python_blocks"],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._python.stdin is not None
        assert self._python.stdout is not None
        self._python.stdin.write(json.dumps({"code": code, "document": block.document}) + "\n")
        self._python.stdin.flush()
        failure = json.loads(self._python.stdout.readline() or '"it ended"')
        assert failure is None, f"{block.place}:\n{failure}"
