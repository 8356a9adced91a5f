"""Writes a model with random weights that infinity-emb reads; run by its Python, not by ours.

Arguments: our tokenizer's file, the sizes as JSON, the folder to write.
"""

import json
import sys
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer, models  # type: ignore[import-not-found]
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2Model

tokenizer_file, sizes, folder = sys.argv[1:]
torch.manual_seed(0)
written = Path(folder) / "network"
Qwen2Model(Qwen2Config(**json.loads(sizes), torch_dtype="float32")).save_pretrained(written)
PreTrainedTokenizerFast(
    tokenizer_file=tokenizer_file,
    pad_token="<|endoftext|>",  # noqa: S106
    model_max_length=32_768,
).save_pretrained(written)
network = models.Transformer(str(written))
pooling = models.Pooling(network.get_word_embedding_dimension(), "mean")
SentenceTransformer(modules=[network, pooling, models.Normalize()]).save(folder)
