"""../model.py once more as a function of its weights, with room for a change per document.

Only products, sums and elementwise functions, so that its derivative is made of them too and both
go through the ONNX exporter. Shapes: B documents, T tokens, d channels, V pieces.
"""

import torch
from torch import Tensor

from config import EPS, Config
from model import rotate

Weights = dict[str, Tensor]


def norm(x: Tensor) -> Tensor:
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPS)


def times(x: Tensor, weight: Tensor) -> Tensor:
    """x Wᵀ for one W, or for one a document: x [B, T, in], W [out, in] or [B, out, in]."""
    return x @ weight.mT


def hidden(w: Weights, c: Config, ids: Tensor, change=None) -> Tensor:
    """ids [B, T] → what the head reads [B, T, d]. `change(layer, x)`, where given, is added to
    the queries, keys and values that layer makes of x [B, T, d]."""
    b, t = ids.shape
    frequency = torch.tensor([c.rope_base ** (-2 * i / c.head_dim) for i in range(c.head_dim // 2)])
    angle = torch.arange(t, dtype=torch.float32)[:, None] * frequency
    cos, sin = angle.cos(), angle.sin()
    place = torch.arange(t)
    later = place[None, :] > place[:, None]
    group, stack = c.heads // c.kv_heads, []

    x = x0 = norm(w["embed.weight"][ids])
    for i in range(c.layers):
        key = f"blocks.{i}."
        if i >= c.skips and stack:
            x = x + w["skip"][i - c.skips] * stack.pop()
        x = w[key + "mix"][0] * x + w[key + "mix"][1] * x0

        y = norm(x)
        qkv = times(y, w[key + "qkv.weight"])
        if change is not None:
            qkv = qkv + change(i, y)
        q, k, v = (part.view(b, t, -1, c.head_dim).transpose(1, 2)
                   for part in qkv.split([c.dim, c.kv_heads * c.head_dim, c.kv_heads * c.head_dim], -1))
        q = rotate(norm(q), cos, sin) * (w[key + "q_gain"][:, None, None] * c.head_dim ** -0.5)
        k = rotate(norm(k), cos, sin)
        k, v = (part[:, :, None].expand(-1, -1, group, -1, -1).reshape(b, c.heads, t, c.head_dim) for part in (k, v))
        scores = (q @ k.mT).masked_fill(later, -1e9).softmax(-1)
        x = x + times((scores @ v).transpose(1, 2).reshape(b, t, c.dim), w[key + "out.weight"])

        x = x + times(times(norm(x), w[key + "up.weight"]).relu().square(), w[key + "down.weight"])
        if i < c.skips:
            stack.append(x)
    return norm(x)


def capped(c: Config, logits: Tensor) -> Tensor:
    return c.softcap * torch.tanh(logits / c.softcap)
