"""What loading takes: weights stay in the file that they are mapped from."""

import subprocess
import sys
from pathlib import Path

from es_jina.demo.checkpoint import Shape, make_checkpoint

SCRIPT = """
import sys
from pathlib import Path
import torch
from es_jina.model.jina_v4 import JinaV4

def anonymous():
    [line] = [line for line in open("/proc/self/status") if line.startswith("RssAnon")]
    return int(line.split()[1]) * 1024

JinaV4(Path(sys.argv[2]), torch.device("cpu"))  # what the libraries take at first use
before = anonymous()
model = JinaV4(Path(sys.argv[1]), torch.device("cpu"))
print(anonymous() - before)
"""


def test_weights_in_the_precision_of_the_cpu_are_not_copied(
    checkpoint: Path, tmp_path: Path
) -> None:
    shape = Shape(hidden=512, ffn=2048, embeddings=30_000)
    folder = make_checkpoint(tmp_path / "large", ["one two three"], shape)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder), str(checkpoint)],
        capture_output=True,
        text=True,
        check=True,
    )
    size = (folder / "model.safetensors").stat().st_size
    assert size > 80_000_000
    assert int(done.stdout) < size / 4
