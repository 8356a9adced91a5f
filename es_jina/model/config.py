"""The network's sizes from config.json, in every layout that transformers reads."""

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from es_jina.errors import CheckpointError


def read_config(folder: Path) -> Any:
    """Return transformers' configuration of a checkpoint folder.

    Raises:
        CheckpointError: it describes no network, or one that is not like jina-embeddings-v4.
    """
    from transformers import Qwen2_5_VLConfig

    try:
        with _quiet():
            config = Qwen2_5_VLConfig.from_pretrained(folder, local_files_only=True)
        problem = _problem(config)
    except Exception as error:  # transformers checks the fields with exceptions of several kinds
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CheckpointError(
            f"{folder / 'config.json'} does not describe a network: {reason}"
        ) from error
    if problem:
        raise CheckpointError(f"{folder / 'config.json'}: {problem}")
    return config


def _problem(config: Any) -> str | None:
    """Say what in a configuration this network does not have."""
    text, vision = config.text_config, config.vision_config
    for what, size, heads in (
        ("hidden_size", text.hidden_size, 2 * text.num_attention_heads),
        ("num_attention_heads", text.num_attention_heads, text.num_key_value_heads),
        ("hidden_size of the vision tower", vision.hidden_size, 4 * vision.num_heads),
    ):
        if heads < 1 or size % heads:
            return f"{what} is {size}: not a multiple of {heads}"
    if vision.window_size < vision.spatial_merge_size * vision.patch_size:
        return f"window_size {vision.window_size} is smaller than one merged patch"
    base = text.rope_parameters.get("rope_theta")
    if not isinstance(base, int | float) or not 0 < base < math.inf:
        return f"rope_theta is {base!r}, it must be a number above 0"
    half = text.hidden_size // text.num_attention_heads // 2
    section = text.rope_parameters.get("mrope_section")
    if not isinstance(section, list | tuple) or len(section) != 3 or sum(section) != half:
        return (
            f"mrope_section is {section}, it must be three numbers with the sum {half}, half the "
            "size of a head"
        )
    unknown = [
        f"{name} {value!r}"
        for name, value, known in (
            ("hidden_act", text.hidden_act, "silu"),
            ("hidden_act of the vision tower", vision.hidden_act, "silu"),
            ("rope_type", text.rope_parameters.get("rope_type", "default"), "default"),
            ("use_sliding_window", bool(text.use_sliding_window), False),
        )
        if value != known
    ]
    return f"{', '.join(unknown)} is not supported" if unknown else None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' notes about a config it did not write away from the user's screen."""
    from transformers.utils import logging as log

    level = log.get_verbosity()
    log.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        log.set_verbosity(level)
