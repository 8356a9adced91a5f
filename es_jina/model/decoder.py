"""The language model of Qwen2.5-VL over packed tokens; the names are those of its weights."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from es_jina.model.attention import Segments, attend
from es_jina.model.lora import AdaptedLinear, Route
from es_jina.model.positions import Rotation, rotate


class Attention(nn.Module):
    """Causal attention, several heads of queries to one of keys and values."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        hidden, heads = config.hidden_size, config.num_attention_heads
        self.head_size = hidden // heads
        shared = config.num_key_value_heads * self.head_size
        self.q_proj = AdaptedLinear(hidden, hidden)
        self.k_proj = AdaptedLinear(hidden, shared)
        self.v_proj = AdaptedLinear(hidden, shared)
        self.o_proj = AdaptedLinear(hidden, hidden, bias=False)

    def forward(self, x: Tensor, rotation: Rotation, segments: Segments, route: Route) -> Tensor:
        """Map x (tokens, hidden) to the same shape."""
        q, k, v = (
            linear(x, route).unflatten(1, (-1, self.head_size))
            for linear in (self.q_proj, self.k_proj, self.v_proj)
        )
        q, k = rotate(q, rotation), rotate(k, rotation)
        mixed = attend(q, k, v, segments, causal=True)
        projected: Tensor = self.o_proj(mixed.flatten(1), route)
        return projected


class FeedForward(nn.Module):
    """Gated feed-forward network (SwiGLU)."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        hidden, inner = config.hidden_size, config.intermediate_size
        self.gate_proj = AdaptedLinear(hidden, inner, bias=False)
        self.up_proj = AdaptedLinear(hidden, inner, bias=False)
        self.down_proj = AdaptedLinear(inner, hidden, bias=False)

    def forward(self, x: Tensor, route: Route) -> Tensor:
        """Map x (tokens, hidden) to the same shape."""
        gated = silu(self.gate_proj(x, route), inplace=True).mul_(self.up_proj(x, route))
        down: Tensor = self.down_proj(gated, route)
        return down


class Layer(nn.Module):
    """Attention and feed-forward, each behind a norm and beside a residual."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.self_attn = Attention(config)
        self.mlp = FeedForward(config)
        self.input_layernorm = nn.RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.post_attention_layernorm = nn.RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(self, x: Tensor, rotation: Rotation, segments: Segments, route: Route) -> Tensor:
        """Map x (tokens, hidden) to the same shape, in place."""
        x += self.self_attn(self.input_layernorm(x), rotation, segments, route)
        x += self.mlp(self.post_attention_layernorm(x), route)
        return x


class Decoder(nn.Module):
    """Token embeddings, layers and the final norm."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        # What nn.Embedding would draw at random costs more than a second on the meta device, whose
        # reference functions import torch's compiler.
        weight = torch.empty(config.vocab_size, config.hidden_size)
        self.embed_tokens = nn.Embedding.from_pretrained(weight)  # type: ignore[no-untyped-call]
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))
        self.norm = nn.RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(self, x: Tensor, rotation: Rotation, segments: Segments, route: Route) -> Tensor:
        """Return the states behind the final norm.

        Args:
            x: (tokens, hidden), the embedded tokens; overwritten.
            rotation: of every token.
            segments: the sequences.
            route: the adapters.
        """
        for layer in self.layers:
            x = layer(x, rotation, segments, route)
        normed: Tensor = self.norm(x)
        return normed
