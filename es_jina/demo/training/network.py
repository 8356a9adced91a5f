"""The network of :mod:`es_jina.model.jina_v4` once more, in the form that can be trained.

That one overwrites its own activations, which a backward pass needs. This one keeps them, and runs
rows of one length, so that it has nothing of packing, windows and adapters. The names of the
parameters are those in a checkpoint.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention, silu

from es_jina.demo.checkpoint import Shape
from es_jina.model.positions import Rotation, decoder_rotation, image_positions, vision_rotation

_EPSILON = 1e-6
PATCH, MERGE = 14, 2


def _rotated(x: Tensor, rotation: Rotation) -> Tensor:
    cos, sin = rotation
    left, right = x.chunk(2, dim=-1)
    turned = torch.cat((left * cos - right * sin, right * cos + left * sin), dim=-1)
    return turned.to(x.dtype)


def _attended(q: Tensor, k: Tensor, v: Tensor, *, causal: bool) -> Tensor:
    """Attend over (batch, tokens, heads, size); fewer heads of keys serve several of queries."""
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    out = scaled_dot_product_attention(
        q, k, v, is_causal=causal, enable_gqa=q.shape[1] != k.shape[1]
    )
    return out.transpose(1, 2).flatten(2)


class _Gated(nn.Module):
    def __init__(self, width: int, inner: int, *, bias: bool) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(width, inner, bias=bias)
        self.up_proj = nn.Linear(width, inner, bias=bias)
        self.down_proj = nn.Linear(inner, width, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        down: Tensor = self.down_proj(silu(self.gate_proj(x)) * self.up_proj(x))
        return down


class _VisionAttention(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.vision_heads
        self.qkv = nn.Linear(shape.vision_width, 3 * shape.vision_width)
        self.proj = nn.Linear(shape.vision_width, shape.vision_width)

    def forward(self, x: Tensor, rotation: Rotation) -> Tensor:
        q, k, v = self.qkv(x).unflatten(2, (3, self.heads, -1)).unbind(2)
        mixed = _attended(_rotated(q, rotation), _rotated(k, rotation), v, causal=False)
        projected: Tensor = self.proj(mixed)
        return projected


class _VisionBlock(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.norm1 = nn.RMSNorm(shape.vision_width, _EPSILON)
        self.norm2 = nn.RMSNorm(shape.vision_width, _EPSILON)
        self.attn = _VisionAttention(shape)
        self.mlp = _Gated(shape.vision_width, shape.vision_ffn, bias=True)

    def forward(self, x: Tensor, rotation: Rotation) -> Tensor:
        x = x + self.attn(self.norm1(x), rotation)
        after: Tensor = x + self.mlp(self.norm2(x))
        return after


class _PatchEmbedding(nn.Module):
    """Two frames of a still image are the same: half of the sum is in the weight of each."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.proj = nn.Conv3d(3, shape.vision_width, (2, PATCH, PATCH), bias=False)

    def forward(self, patches: Tensor) -> Tensor:
        return nn.functional.linear(patches, self.proj.weight.sum(2).flatten(1))


class _Merger(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.inner = shape.vision_width * MERGE**2
        self.ln_q = nn.RMSNorm(shape.vision_width, _EPSILON)
        self.mlp = nn.Sequential(
            nn.Linear(self.inner, self.inner), nn.GELU(), nn.Linear(self.inner, shape.hidden)
        )

    def forward(self, x: Tensor) -> Tensor:
        first, _, last = self.mlp
        merged: Tensor = last(gelu(first(self.ln_q(x).unflatten(1, (-1, MERGE**2)).flatten(2))))
        return merged


class Vision(nn.Module):
    """The vision tower; every block sees the whole picture."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.head_size = shape.vision_width // shape.vision_heads
        self.patch_embed = _PatchEmbedding(shape)
        self.blocks = nn.ModuleList(_VisionBlock(shape) for _ in range(shape.vision_depth))
        self.merger = _Merger(shape)

    def forward(self, patches: Tensor, grid: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Return the states of patches (batch, patches, width) and cells (batch, cells, hidden).

        Args:
            patches: (batch, patches, 588), normalised, in the order of merged blocks.
            grid: rows and columns of cells.
        """
        rotation = vision_rotation(_places(grid).to(patches.device), self.head_size)
        # What the blocks add up stays in single precision, whatever their products are made in.
        x = self.patch_embed(patches).float()
        for block in self.blocks:
            x = block(x, rotation)
        return x, self.merger(x)


def _places(grid: tuple[int, int]) -> Tensor:
    """Return row and column of each patch, (patches, 2), in the order of merged blocks."""
    cells = torch.cartesian_prod(torch.arange(grid[0]), torch.arange(grid[1])) * MERGE
    inside = torch.cartesian_prod(torch.arange(MERGE), torch.arange(MERGE))
    return (cells[:, None] + inside).reshape(-1, 2)


class _Attention(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.size = shape.hidden // shape.heads
        shared = shape.kv_heads * self.size
        self.q_proj = nn.Linear(shape.hidden, shape.hidden)
        self.k_proj = nn.Linear(shape.hidden, shared)
        self.v_proj = nn.Linear(shape.hidden, shared)
        self.o_proj = nn.Linear(shape.hidden, shape.hidden, bias=False)

    def forward(self, x: Tensor, rotation: Rotation) -> Tensor:
        q, k, v = (
            linear(x).unflatten(2, (-1, self.size))
            for linear in (self.q_proj, self.k_proj, self.v_proj)
        )
        mixed = _attended(_rotated(q, rotation), _rotated(k, rotation), v, causal=True)
        projected: Tensor = self.o_proj(mixed)
        return projected


class _Layer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.self_attn = _Attention(shape)
        self.mlp = _Gated(shape.hidden, shape.ffn, bias=False)
        self.input_layernorm = nn.RMSNorm(shape.hidden, _EPSILON)
        self.post_attention_layernorm = nn.RMSNorm(shape.hidden, _EPSILON)

    def forward(self, x: Tensor, rotation: Rotation) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), rotation)
        after: Tensor = x + self.mlp(self.post_attention_layernorm(x))
        return after


class Decoder(nn.Module):
    """Token embeddings, layers and the final norm."""

    def __init__(self, shape: Shape, tokens: int) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(tokens, shape.hidden)
        self.layers = nn.ModuleList(_Layer(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.hidden, _EPSILON)

    def forward(self, x: Tensor, rotation: Rotation) -> Tensor:
        """Map embedded tokens (batch, tokens, hidden) to the states behind the final norm."""
        for layer in self.layers:
            x = layer(x, rotation)
        normed: Tensor = self.norm(x)
        return normed


class Trainee(nn.Module):
    """What is trained.

    Args:
        shape: the sizes.
        tokens: how many the tokenizer has.
        image_prompt: the ids round a picture: before it and behind it.
    """

    def __init__(
        self, shape: Shape, tokens: int, image_prompt: tuple[list[int], list[int]]
    ) -> None:
        super().__init__()
        self.shape = shape
        self.model = Decoder(shape, tokens)
        self.visual = Vision(shape)
        self.multi_vector_projector = nn.Linear(shape.hidden, 128)
        self.before, self.behind = image_prompt
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                nn.init.normal_(weight, std=0.02 if "embed_tokens" not in name else 0.5)
            elif name.endswith("bias"):
                nn.init.zeros_(weight)

    def texts(self, ids: Tensor) -> Tensor:
        """Return the states of texts (batch, tokens), padded behind."""
        positions = torch.arange(ids.shape[1], device=ids.device).expand(3, -1)
        states: Tensor = self.model(self.model.embed_tokens(ids), self._rotation(positions))
        return states

    def pictures(self, patches: Tensor, grid: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
        """Return patch states, cell states before and all states behind the language model.

        The last are (batch, prompt and cells, hidden).
        """
        seen, cells = self.visual(patches, grid)
        device, batch = patches.device, len(patches)
        prompt = (
            self.model.embed_tokens(torch.tensor(ids, device=device)).expand(batch, -1, -1)
            for ids in (self.before, self.behind)
        )
        before, behind = prompt
        row = torch.cat((before, cells.float(), behind), dim=1)
        positions = image_positions(row.shape[1], len(self.before), *grid).to(device)
        states: Tensor = self.model(row, self._rotation(positions))
        return seen, cells, states

    def _rotation(self, positions: Tensor) -> Rotation:
        shape = self.shape
        size = shape.hidden // shape.heads
        return decoder_rotation(
            positions, size, shape.rope_theta, shape.mrope_section, torch.float32
        )
