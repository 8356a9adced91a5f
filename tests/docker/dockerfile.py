"""The Dockerfile's stages and instructions."""

from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Instruction:
    """One of them, its lines joined.

    Attributes:
        keyword: such as RUN.
        value: what stands behind it.
    """

    keyword: str
    value: str


@dataclass(frozen=True)
class Stage:
    """What stands between one FROM and the next.

    Attributes:
        base: the image, or the stage, that it begins with.
        instructions: its own.
    """

    base: str
    instructions: list[Instruction] = field(default_factory=list)


def stages(text: str | None = None) -> dict[str, Stage]:
    """Return the stages by their names.

    Args:
        text: of a Dockerfile; by default ours.
    """
    if text is None:
        text = (ROOT / "docker/Dockerfile").read_text("utf-8")
    lines = [line.strip() for line in text.splitlines()]
    joined = "\n".join(line for line in lines if line and not line.startswith("#"))
    found: dict[str, Stage] = {}
    name = ""
    for line in joined.replace("\\\n", "").splitlines():
        keyword, _, value = line.partition(" ")
        if keyword == "FROM":
            base, _, name = value.partition(" AS ")
            found[name] = Stage(base)
        else:
            found[name].instructions.append(Instruction(keyword, value.strip()))
    return found
