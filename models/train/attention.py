"""Causal grouped-query attention as standard ONNX operators, in blocks of queries.

Why not one Attention node: ONNX Runtime's CPU kernels compute the whole T × T square in
memory, and its CUDA kernel has refused grouped heads in fp32 in several releases. Here
block b of the queries meets only the keys up to its own end, which leaves out 3/8 of the
square with four blocks and keeps each block's scores in the cache: the whole model takes
about two thirds of the time on the CPU, is the same to the last digits, and has operators
that every execution provider knows.

Why not Softmax: queries and keys are RMS-normalized, so |q·k|/√h ≤ √h·gain is a bound that
is known when the model is exported (`check_gain`). exp cannot overflow, no maximum has to
be found, and a column of ones beside the values makes the same product give the sums:
    softmax(s) v = (exp(s) v) / (exp(s) 1)

Shapes: B rows, T tokens, K key/value heads, G query heads for each, h channels a head.
"""

import numpy as np
from onnx import TensorProto, numpy_helper

from onnx_graph import Graph

BLOCKS = 4


def check_gain(gain: np.ndarray, head_dim: int) -> None:
    """exp(60)·512 and exp(−60) are both well inside fp32's range."""
    bound = float(np.abs(gain).max()) * head_dim ** 0.5
    assert bound < 60, f"scores may reach {bound}: export with Softmax instead"


class CausalAttention:
    """The parts that all layers share: block edges, masks, the column of ones."""

    def __init__(self, g: Graph, batch: str, time: str, positions: str, kv_heads: int, group: int, head_dim: int):
        self.g, self.batch, self.time = g, batch, time
        self.k, self.group, self.h = g.ints(kv_heads), g.ints(group), g.ints(head_dim)
        self.heads = g.ints(kv_heads * group)
        # Edges 0, ⌈T/4⌉, 2⌈T/4⌉, … cut at T; the last blocks of a tiny T are empty.
        size = g.add("Div", g.add("Add", time, g.ints(BLOCKS - 1)), g.ints(BLOCKS))
        self.edges = [g.ints(0)] + [g.add("Min", time, g.add("Mul", size, g.ints(b))) for b in range(1, BLOCKS)] + [time]
        self.blocks = []  # (start, end, length, mask [length, end] of 0 and 1)
        for start, end in zip(self.edges, self.edges[1:]):
            rows = g.add("Unsqueeze", g.add("Slice", positions, start, end, g.ints(0)), g.ints(1))
            cols = g.add("Slice", positions, g.ints(0), end, g.ints(0))
            mask = g.add("Cast", g.add("LessOrEqual", cols, rows), to=TensorProto.FLOAT)
            self.blocks.append((start, end, g.add("Sub", end, start), mask))
        one = numpy_helper.from_array(np.ones(1, np.float32))
        self.ones = g.add("ConstantOfShape", g.join(batch, self.k, time, g.ints(1)), value=one)

    def __call__(self, q: str, k: str, v: str) -> str:
        """q [B, T, K·G·h] (already scaled by 1/√h), k and v [B, T, K·h] → [B, T, K·G, h]."""
        g = self.g
        q = g.add("Transpose", g.reshape(q, self.batch, self.time, self.k, self.group, self.h), perm=[0, 2, 3, 1, 4])
        k = g.add("Transpose", g.reshape(k, self.batch, self.time, self.k, self.h), perm=[0, 2, 3, 1])
        v = g.add("Transpose", g.reshape(v, self.batch, self.time, self.k, self.h), perm=[0, 2, 1, 3])
        v = g.add("Concat", v, self.ones, axis=-1)
        parts = [self.block(q, k, v, *block) for block in self.blocks]
        return g.add("Transpose", g.add("Concat", *parts, axis=2), perm=[0, 2, 1, 3])

    def block(self, q: str, k: str, v: str, start: str, end: str, length: str, mask: str) -> str:
        """One block of queries against all keys up to its end → [B, K·G, length, h]."""
        g, first = self.g, self.g.ints(0)
        # The G query heads of a key head lie one after the other in one matrix: keys are not repeated.
        rows = g.add("Mul", length, self.group)
        queries = g.reshape(g.add("Slice", q, start, end, g.ints(3)), self.batch, self.k, rows, self.h)
        scores = g.add("MatMul", queries, g.add("Slice", k, first, end, g.ints(3)))
        weights = g.add("Exp", g.reshape(scores, self.batch, self.k, self.group, length, end))
        weights = g.reshape(g.add("Mul", weights, mask), self.batch, self.k, rows, end)
        sums = g.add("MatMul", weights, g.add("Slice", v, first, end, g.ints(2)))
        values, total = g.add("Split", sums, self.g.join(self.h, g.ints(1)), outputs=2, axis=-1)
        return g.reshape(g.add("Div", values, total), self.batch, self.heads, length, self.h)
