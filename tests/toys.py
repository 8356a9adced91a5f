"""Checkpoints that say they are toys."""

import json
import shutil
from pathlib import Path

ABOUT = "A toy that knows the fox."


def toy_of(checkpoint: Path, folder: Path, *words: str) -> Path:
    """Copy a checkpoint and let it say that it is a toy which knows a few words."""
    shutil.copytree(checkpoint, folder)
    (folder / "toy.json").write_text(json.dumps({"about": ABOUT, "words": words}))
    return folder
