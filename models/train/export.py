"""The model as a self-contained ONNX graph: `input_ids` int64 [batch, time] → `logits`
fp32 [batch, time, vocab]. Standard operators only; the same bytes for the same weights.
Needs numpy and onnx, not PyTorch.

Weights are int8 initializers with DequantizeLinear (one scale a row) before a Gemm with
transB, which ONNX Runtime folds into fp32 constants (`session.disable_quant_qdq=1`) and
which matches none of the patterns that quantize activations. The embedding is stored once
and serves the lookup and the head. Between attentions everything is [batch·time, dim], so
that residual sums and ReLU go into the Gemm.
"""

import json
import lzma

import numpy as np
from onnx import TensorProto

from attention import CausalAttention, check_gain
from config import EPS, Config
from onnx_graph import Graph, tensor

PRODUCER = ("bpb-harness models/train", "1")


def build(c: Config, weights: dict, name: str) -> bytes:
    """`weights` as quantize.quantize gives them."""
    g = Graph()
    d, h, heads, both = c.dim, c.head_dim, c.heads, c.heads + c.kv_heads

    def matrix(key: str) -> str:
        q, scale = weights[key]
        return g.add("DequantizeLinear", g.constant(q, key), g.constant(scale, key + ".scale"), axis=0)

    def norm(x: str, width: int, gain: float = 1.0) -> str:
        return g.add("RMSNormalization", x, g.floats(np.full(width, gain)), axis=-1, epsilon=EPS)

    def linear(x: str, weight: str, plus: str = "") -> str:
        """x Wᵀ + plus."""
        return g.add("Gemm", *((x, weight, plus) if plus else (x, weight)), transB=1)

    shape = g.add("Shape", "input_ids")
    batch, time = (g.add("Slice", shape, g.ints(i), g.ints(i + 1)) for i in (0, 1))
    positions = g.add("Range", g.constant(np.int64(0)), g.add("Squeeze", time), g.constant(np.int64(1)))
    attention = CausalAttention(g, batch, time, positions, c.kv_heads, heads // c.kv_heads, h)
    cos, sin, places = rotary(g, c, batch, time, positions)

    # The table is normalized once, not every token: a constant when the weights are folded.
    embedding = matrix("embed.weight")
    x = x0 = g.add("Gather", norm(embedding, d), g.add("Reshape", "input_ids", g.ints(-1)), axis=0)

    stack = []
    for i in range(c.layers):
        key = f"blocks.{i}."
        if i >= c.skips and stack:
            skip = g.constant(weights["skip"][i - c.skips], f"skip.{i - c.skips}")
            x = g.add("Add", x, g.add("Mul", stack.pop(), skip))
        mix, gain = weights[key + "mix"], weights[key + "q_gain"]
        x = g.add("Add", g.add("Mul", x, g.constant(mix[0], key + "mix.0")),
                  g.add("Mul", x0, g.constant(mix[1], key + "mix.1")))

        # Queries and keys are normalized and turned together, heads side by side.
        check_gain(gain, h)
        factors = np.concatenate((gain * h ** -0.5, np.ones(c.kv_heads))).astype(np.float32)
        qk, v = g.add("Split", linear(norm(x, d), matrix(key + "qkv.weight")),
                      g.ints(both * h, c.kv_heads * h), outputs=2, axis=-1)
        qk = norm(g.reshape(qk, batch, time, g.ints(both, h)), h)
        qk = g.reshape(g.add("Mul", qk, g.constant(factors[:, None], key + "factors")), batch, time, g.ints(both * h))
        qk = g.add("RotaryEmbedding", qk, cos, sin, places, num_heads=both)
        q, k = g.add("Split", qk, g.ints(heads * h, c.kv_heads * h), outputs=2, axis=-1)
        x = linear(g.add("Reshape", attention(q, k, v), g.ints(-1, d)), matrix(key + "out.weight"), x)

        up = g.add("Relu", linear(norm(x, d), matrix(key + "up.weight")))
        x = linear(g.add("Mul", up, up), matrix(key + "down.weight"), x)
        if i < c.skips:
            stack.append(x)

    # cap·tanh(z / cap); the division is the last norm's gain.
    z = g.add("Tanh", linear(norm(x, d, 1 / c.softcap), embedding))
    g.reshape(g.add("Mul", z, g.floats(c.softcap)), batch, time, g.ints(c.vocab), name="logits")
    return g.model(json.dumps(vars(c), sort_keys=True),
                   [tensor("input_ids", "INT64", ["batch", "time"])],
                   [tensor("logits", "FLOAT", ["batch", "time", c.vocab])], name, PRODUCER,
                   "int8 weights, one scale a row; logits with the softcap applied")


def rotary(g: Graph, c: Config, batch: str, time: str, positions: str) -> tuple[str, str, str]:
    """cos and sin [T, h/2] as the operator wants them, and every row's positions [B, T].

    The operator turns by +angle, model.rotate by −angle: hence the sign.
    """
    exponents = np.arange(0, c.head_dim, 2, dtype=np.float64) / c.head_dim
    frequency = (c.rope_base ** -exponents).astype(np.float32)
    column = g.add("Unsqueeze", g.add("Cast", positions, to=TensorProto.FLOAT), g.ints(1))
    angle = g.add("Mul", column, g.floats(frequency[None, :]))
    return (g.add("Cos", angle), g.add("Neg", g.add("Sin", angle)),
            g.add("Expand", positions, g.join(batch, time)))


def compress(data: bytes) -> bytes:
    """xz -9e; the format holds no time or name, so equal input gives equal output."""
    return lzma.compress(data, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC64, preset=9 | lzma.PRESET_EXTREME)
