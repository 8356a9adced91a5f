"""Hold a checkpoint folder against the vectors that the reference computed for it.

    python tests/model/parity.py FOLDER [--tolerance 1e-5] [--device cpu] [--dtype float32]

FOLDER holds the checkpoint and golden.safetensors: tensors ``input.{text|image}.*`` and
``expected.{adapter|mixed[adapter,...]}.{text|image}.{single|multi}``. Prints the largest difference
for every expected tensor; exits 1 when one is above the tolerance.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from es_jina.errors import EsJinaError
from es_jina.model.device import device_of, dtype_of
from es_jina.model.jina_v4 import Batch, JinaV4, Output, span_mask
from es_jina.model.positions import image_positions, text_positions

NAME = re.compile(
    r"^expected\.(?:mixed\[(?P<mixed>.+)\]|(?P<adapter>.+))\.(?P<kind>text|image)\.(?P<part>single|multi)$"
)


def differences(
    folder: Path, device: torch.device | None = None, dtype: torch.dtype | None = torch.float32
) -> Iterator[tuple[str, float]]:
    """Yield (name, largest absolute difference) for every expected tensor of a golden folder."""
    golden = load_file(folder / "golden.safetensors")
    model = JinaV4(folder, device, dtype)
    outputs: dict[tuple[str, tuple[str, ...]], Output] = {}
    for name in sorted(key for key in golden if key.startswith("expected.")):
        match = NAME.match(name)
        if match is None:
            raise ValueError(f"{name}: not a name of the golden format")
        kind = match["kind"]
        rows = len(golden[f"input.{kind}.input_ids"])
        adapters = (
            tuple(match["mixed"].split(",")) if match["mixed"] else (match["adapter"],) * rows
        )
        if (kind, adapters) not in outputs:
            outputs[kind, adapters] = model.forward(golden_batch(model, golden, kind, adapters))
        output = outputs[kind, adapters]
        found = output.single if match["part"] == "single" else output.multi
        assert found is not None
        expected = golden[name]
        if found.shape != expected.shape:
            yield name, float("inf")
        else:
            yield name, float((found.cpu() - expected).abs().max())


def golden_batch(
    model: JinaV4, golden: dict[str, Tensor], kind: str, adapters: tuple[str, ...]
) -> Batch:
    """Build the batch whose inputs a golden file holds, text or image."""
    ids, mask = golden[f"input.{kind}.input_ids"], golden[f"input.{kind}.attention_mask"]
    if kind == "text":
        positions = text_positions(ids.shape[1])[:, None].expand(-1, len(ids), -1)
        return Batch(ids, mask, positions, mask, adapters)
    grids = golden["input.image.image_grid_thw"]
    merge = model.config.vision_config.spatial_merge_size
    rows = [
        image_positions(
            ids.shape[1],
            int((row == model.config.image_token_id).nonzero()[0]),
            int(height) // merge,
            int(width) // merge,
        )
        for row, (_, height, width) in zip(ids, grids, strict=True)
    ]
    span = span_mask(ids, model.config.vision_start_token_id, model.config.vision_end_token_id)
    return Batch(
        ids,
        mask,
        torch.stack(rows, dim=1),
        span * mask,
        adapters,
        golden["input.image.pixel_values"],
        grids,
    )


def main() -> int:
    """Print the table; return 1 when a difference is above the tolerance, 2 on a bad folder."""
    parser = argparse.ArgumentParser(
        description="Hold a checkpoint against the reference's vectors."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tolerance", type=float, default=1e-5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    options = parser.parse_args()
    try:
        device = device_of(options.device)
        found = list(differences(options.folder, device, dtype_of(options.dtype)))
    except (EsJinaError, OSError, KeyError, ValueError, SafetensorError) as error:
        print(f"Error: {options.folder}: {error}", file=sys.stderr)
        return 2
    for name, difference in found:
        # Not "<=" turned round: NaN must fail.
        verdict = "ok" if difference <= options.tolerance else "TOO FAR"
        print(f"{difference:10.3e}  {verdict:8}{name}")
    good = bool(found) and all(difference <= options.tolerance for _, difference in found)
    print(
        f"{len(found)} tensors, tolerance {options.tolerance:g}: {'passed' if good else 'FAILED'}"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
