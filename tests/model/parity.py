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
from es_jina.model.jina_v4 import Batch, JinaV4
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
    outputs: dict[tuple[str, tuple[str, ...]], dict[str, Tensor]] = {}
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
            outputs[kind, adapters] = run(model, golden, kind, adapters)
        found, expected = outputs[kind, adapters][match["part"]], golden[name]
        if found.shape != expected.shape:
            yield name, float("inf")
        else:
            yield name, float((found - expected).abs().max())


def run(
    model: JinaV4, golden: dict[str, Tensor], kind: str, adapters: tuple[str, ...]
) -> dict[str, Tensor]:
    """Run the text or image inputs of a golden file; outputs are padded as the expected ones."""
    mask = golden[f"input.{kind}.attention_mask"].bool()
    lengths = mask.sum(1).tolist()
    packed = golden_batch(model, golden, kind, adapters)
    output = model.forward(packed)
    assert output.multi is not None
    multi = torch.nn.utils.rnn.pad_sequence(
        list(torch.split(output.multi.cpu(), lengths)), batch_first=True
    )
    padding = mask.shape[1] - multi.shape[1]
    return {
        "single": torch.nn.functional.normalize(output.means.cpu(), dim=-1),
        "multi": torch.nn.functional.pad(multi, (0, 0, 0, padding)),
    }


def golden_batch(
    model: JinaV4, golden: dict[str, Tensor], kind: str, adapters: tuple[str, ...]
) -> Batch:
    """Pack the inputs that a golden file holds with padding on the right, text or image."""
    ids, mask = golden[f"input.{kind}.input_ids"], golden[f"input.{kind}.attention_mask"].bool()
    rows = [row[keep] for row, keep in zip(ids, mask, strict=True)]
    lengths = [len(row) for row in rows]
    starts = [sum(lengths[:number]) for number in range(len(rows))]
    if kind == "text":
        return Batch(
            torch.cat(rows),
            torch.cat([text_positions(length) for length in lengths], dim=1),
            lengths,
            adapters,
            [(start, start + length) for start, length in zip(starts, lengths, strict=True)],
        )
    config, spec = model.config, model.settings.images
    grids = [(int(height), int(width)) for _, height, width in golden["input.image.image_grid_thw"]]
    positions = [
        image_positions(
            len(row),
            int((row == config.image_token_id).nonzero()[0]),
            height // spec.merge,
            width // spec.merge,
        )
        for row, (height, width) in zip(rows, grids, strict=True)
    ]
    pools = [
        (
            start + int((row == config.vision_start_token_id).nonzero()[0]),
            start + int((row == config.vision_end_token_id).nonzero()[0]) + 1,
        )
        for row, start in zip(rows, starts, strict=True)
    ]
    # (patches, channels, frames, numbers): a still image, so all frames are the first.
    values = golden["input.image.pixel_values"]
    values = values.view(len(values), 3, spec.temporal, -1)
    assert bool((values == values[:, :, :1]).all())
    return Batch(
        torch.cat(rows),
        torch.cat(positions, dim=1),
        lengths,
        adapters,
        pools,
        values[:, :, 0].flatten(1),
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
