"""The language model: the shape of the challenge's baseline, small.

Tied embeddings, rotary positions, grouped-query attention with RMS-normalized queries
and keys, a squared-ReLU MLP, weightless RMSNorm before every branch, a learned mix of
the residual stream with the embedding in every block, U-Net skips from the first half
of the blocks to the second, and a softcap on the logits.

Shapes: B rows, T tokens, d channels, H query heads, K key/value heads, h = d / H.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from config import EPS, Config

def rms_norm(x: Tensor) -> Tensor:
    """x / sqrt(mean(x²) + EPS) over the last axis, no weights (Zhang & Sennrich 2019)."""
    return F.rms_norm(x, (x.size(-1),), eps=EPS)


def rotary(time: int, head_dim: int, base: float, device=None) -> tuple[Tensor, Tensor]:
    """cos and sin [T, h/2] of position × base^(−2i/h) (Su et al. 2021).

    The frequencies are rounded to fp32 once, from float64: one unit in their last place
    is 3e-5 radians at position 512, which another runtime would show in the logits.
    """
    frequency = (base ** (-torch.arange(0, head_dim, 2, dtype=torch.float64, device=device) / head_dim)).float()
    angle = torch.arange(time, dtype=torch.float32, device=device)[:, None] * frequency
    return angle.cos(), angle.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turns the pairs (x[i], x[i + h/2]) of x [B, heads, T, h] by their angles."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos + b * sin, b * cos - a * sin), dim=-1)


class Block(nn.Module):
    """Attention and MLP. Weights are [out, in]; the rows of `qkv` are queries, keys, values."""

    def __init__(self, c: Config):
        super().__init__()
        self.c = c
        self.qkv = nn.Linear(c.dim, (c.heads + 2 * c.kv_heads) * c.head_dim, bias=False)
        self.out = nn.Linear(c.dim, c.dim, bias=False)
        self.up = nn.Linear(c.dim, c.mlp * c.dim, bias=False)
        self.down = nn.Linear(c.mlp * c.dim, c.dim, bias=False)
        self.q_gain = nn.Parameter(torch.full((c.heads,), 1.5))
        self.mix = nn.Parameter(torch.stack((torch.ones(c.dim), torch.zeros(c.dim))))
        # Branches start at zero, so the network starts as the identity.
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.down.weight)

    def attention(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        c, (b, t, _) = self.c, x.shape
        heads = self.qkv(x).view(b, t, c.heads + 2 * c.kv_heads, c.head_dim).transpose(1, 2)
        q, k, v = heads.split((c.heads, c.kv_heads, c.kv_heads), dim=1)
        q = rotate(rms_norm(q), cos, sin) * self.q_gain.to(q.dtype)[:, None, None]
        k = rotate(rms_norm(k), cos, sin)
        # Query head i reads key/value head i // (H / K).
        y = F.scaled_dot_product_attention(q, k.to(q.dtype), v, is_causal=True, enable_gqa=True)
        return self.out(y.transpose(1, 2).reshape(b, t, c.dim))

    def forward(self, x: Tensor, x0: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = self.mix[0] * x + self.mix[1] * x0
        x = x + self.attention(rms_norm(x), cos, sin)
        return x + self.down(F.relu(self.up(rms_norm(x))).square())


class Model(nn.Module):
    """ids int64 [B, T] → logits [B, T, vocab], softcap included."""

    def __init__(self, c: Config = Config()):
        super().__init__()
        self.c = c
        self.embed = nn.Embedding(c.vocab, c.dim)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.layers))
        self.skip = nn.Parameter(torch.ones(c.skips, c.dim))
        nn.init.normal_(self.embed.weight, std=0.02)

    def forward(self, ids: Tensor) -> Tensor:
        c = self.c
        cos, sin = rotary(ids.size(1), c.head_dim, c.rope_base, ids.device)
        x = x0 = rms_norm(self.embed(ids))
        stack = []
        for i, block in enumerate(self.blocks):
            if i >= c.skips and stack:
                x = x + self.skip[i - c.skips] * stack.pop()
            x = block(x, x0, cos, sin)
            if i < c.skips:
                stack.append(x)
        logits = F.linear(rms_norm(x), self.embed.weight).float()
        return c.softcap * torch.tanh(logits / c.softcap)


def arrays(state: dict[str, Tensor]) -> dict[str, np.ndarray]:
    """A state dict in fp32, as quantize.quantize takes it."""
    return {name: w.float().numpy() for name, w in state.items()}


def tensors(weights: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """What quantize.dequantize gives, as a state dict."""
    return {name: torch.from_numpy(w) for name, w in weights.items()}
