"""A recurrent language model: gated linear attention, one decay a head and token, no window.

    S_t = a_t S_{t−1} + k_t v_tᵀ        y_t = q_tᵀ S_t        a_t = sigmoid(gate) in (0, 1)

in every layer and head, with each layer's input mixed with the one before it (a token shift). What it
carries from chunk to chunk is S [layers, heads, key, value] and the last input of each layer. Inside
a chunk the sum over earlier tokens is one masked product, with L_t = log a_1 + … + log a_t:

    y_t = Σ_{s ≤ t} exp(L_t − L_s) (q_t · k_s) v_s + exp(L_t) q_tᵀ S_0

which is the same for any cut of the text into chunks. Training sees rows of 256 as one chunk.
(Retention, Sun et al. 2023; gated linear attention, Yang et al. 2024; token shift, Peng et al. 2023.)

Shapes: B rows, T tokens, d channels, H heads, h = d / H.
"""

from dataclasses import dataclass, replace

import numpy as np
import shared
import torch
import torch.nn.functional as F
from loop import Procedure
from torch import Tensor, nn

import graph
from config import EPS
from model import rms_norm
from onnx_graph import Graph

NAME = "sotu-recurrent"
MODEL = "recurrent"
CHOSEN = {}


@dataclass(frozen=True)
class Config:
    vocab: int = 1024
    layers: int = 4
    dim: int = 128
    heads: int = 4
    mlp: int = 3
    softcap: float = 30.0

    @property
    def head_dim(self) -> int:
        return self.dim // self.heads


class Block(nn.Module):
    """The rows of `qkv` are queries, keys, values and output gates."""

    def __init__(self, c: Config):
        super().__init__()
        self.c = c
        self.qkv = nn.Linear(c.dim, 4 * c.dim, bias=False)
        self.out = nn.Linear(c.dim, c.dim, bias=False)
        self.up = nn.Linear(c.dim, c.mlp * c.dim, bias=False)
        self.down = nn.Linear(c.mlp * c.dim, c.dim, bias=False)
        self.shift = nn.Parameter(torch.full((c.dim,), 0.5))
        self.gate = nn.Parameter(torch.zeros(c.heads, c.dim))
        # Heads begin with memories of about 8, 32, 128 and 512 tokens.
        self.decay = nn.Parameter(torch.tensor([8.0 * 4 ** i for i in range(c.heads)]).log())
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.down.weight)

    def remember(self, x: Tensor, last: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """x [B, T, d], last [B, d], memory [B, H, h, h] → the branch and the next memory."""
        c, (b, t, d) = self.c, x.shape
        before = torch.cat((last[:, None].to(x.dtype), x[:, :-1]), dim=1)
        x = x + self.shift * (before - x)
        parts = self.qkv(x).view(b, t, 4, c.heads, c.head_dim).permute(2, 0, 3, 1, 4)
        q, k, v, open_ = parts[0], parts[1], parts[2], parts[3]
        q, k = rms_norm(q) * c.head_dim ** -0.5, rms_norm(k) * c.head_dim ** -0.5
        with torch.autocast("cpu", enabled=False):
            steps = F.logsigmoid(x.float() @ self.gate.mT + self.decay).mT      # log a_t [B, H, T]
            total = steps.cumsum(-1)                                            # L_t
            later = torch.ones(t, t, dtype=torch.bool).triu(1)
            weight = (total[..., :, None] - total[..., None, :]).masked_fill(later, -1e9).exp()
        y = ((q @ k.mT) * weight).to(v.dtype) @ v + (q * total.exp()[..., None]).to(v.dtype) @ memory.to(v.dtype)
        # What is left of token s at the end of the chunk: exp(L_T − L_s).
        kept = (total[..., -1:] - total).exp()[..., None]
        memory = total[..., -1:, None].exp() * memory + (k * kept).mT @ v
        y = rms_norm(y) * open_.sigmoid()
        return self.out(y.transpose(1, 2).reshape(b, t, d)), memory

    def forward(self, x: Tensor, last: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        y = rms_norm(x)
        branch, memory = self.remember(y, last, memory)
        x = x + branch
        return x + self.down(F.relu(self.up(rms_norm(x))).square()), y[:, -1], memory


class Model(nn.Module):
    """ids int64 [B, T] → logits [B, T, vocab]; with `state` given, also the next one."""

    def __init__(self, c: Config = Config()):
        super().__init__()
        self.c = c
        self.embed = nn.Embedding(c.vocab, c.dim)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.layers))
        nn.init.normal_(self.embed.weight, std=0.02)

    def forward(self, ids: Tensor, state: dict[str, Tensor] | None = None):
        c, b = self.c, ids.size(0)
        last = state["last"] if state else torch.zeros(b, c.layers, c.dim)
        memory = state["memory"] if state else torch.zeros(b, c.layers, c.heads, c.head_dim, c.head_dim)
        x, lasts, memories = rms_norm(self.embed(ids)), [], []
        for i, block in enumerate(self.blocks):
            x, y, m = block(x, last[:, i], memory[:, i])
            lasts.append(y)
            memories.append(m)
        logits = F.linear(rms_norm(x), self.embed.weight).float()
        logits = c.softcap * torch.tanh(logits / c.softcap)
        return (logits, {"last": torch.stack(lasts, 1), "memory": torch.stack(memories, 1)}) if state else logits


def shapes(c: Config) -> dict[str, list[int]]:
    return {"last": [c.layers, c.dim], "memory": [c.layers, c.heads, c.head_dim, c.head_dim]}


def compared(p: Procedure) -> dict[str, Procedure]:
    """What reference.json sets beside it: the same chunks, nothing carried from one to the next."""
    return {"nothing_carried": replace(p, score=lambda ids, state: (p.score(ids, zeros(state))[0], {}))}


def zeros(state: dict) -> dict:
    return {name: torch.zeros_like(value) for name, value in state.items()}


def manifest(c: Config) -> dict:
    return {"state": {"tensors": [
        {"name": name, "in": name, "out": f"{name}_next", "shape": shape, "dtype": "float32",
         "init": "zeros", "reset": "document"} for name, shape in shapes(c).items()], "chunk": shared.CHUNK}}


def init(c: Config) -> dict[str, np.ndarray]:
    return {name: np.zeros(shape, np.float32) for name, shape in shapes(c).items()}


def torch_procedure(c: Config, w: dict):
    model = Model(c)
    model.load_state_dict(w)
    return model.eval().requires_grad_(False), None


def score_graph(c: Config, quantized: dict) -> bytes:
    g = Graph()
    d, heads, h = g.ints(c.dim), g.ints(c.heads), g.ints(c.head_dim)
    rows = g.add("Shape", "input_ids")  # batch, time
    batch, time = (g.add("Slice", rows, g.ints(i), g.ints(i + 1)) for i in (0, 1))
    end = g.ints(2 ** 31)
    positions = g.add("Range", g.constant(np.int64(0)), g.add("Squeeze", time), g.constant(np.int64(1)))
    later = g.add("Greater", g.add("Unsqueeze", positions, g.ints(0)), g.add("Unsqueeze", positions, g.ints(1)))

    def norm(x: str, width: int) -> str:
        return g.add("RMSNormalization", x, g.floats(np.ones(width)), axis=-1, epsilon=EPS)

    def times(x: str, key: str) -> str:
        """x Wᵀ for a stored int8 W."""
        return g.add("MatMul", x, g.add("Transpose", graph.matrix(g, quantized, key), perm=[1, 0]))

    def transposed(x: str) -> str:
        return g.add("Transpose", x, perm=[0, 1, 3, 2])

    def layer(x: str, i: int) -> str:
        """Row i of a state tensor's second axis."""
        return g.add("Squeeze", g.add("Gather", x, g.ints(i), axis=1), g.ints(1))

    embedding = graph.matrix(g, quantized, "embed.weight")
    x = g.add("Gather", norm(embedding, c.dim), "input_ids", axis=0)
    lasts, memories = [], []
    for i in range(c.layers):
        key = f"blocks.{i}."
        memory = layer("memory", i)
        y = norm(x, c.dim)
        lasts.append(g.add("Slice", y, g.ints(-1), end, g.ints(1)))
        earlier = g.add("Concat", g.add("Unsqueeze", layer("last", i), g.ints(1)),
                        g.add("Slice", y, g.ints(0), g.ints(-1), g.ints(1)), axis=1)
        y = g.add("Add", y, g.add("Mul", g.constant(quantized[key + "shift"], key + "shift"),
                                  g.add("Sub", earlier, y)))

        parts = g.reshape(times(y, key + "qkv.weight"), rows, g.ints(4), heads, h)
        parts = g.add("Split", g.add("Transpose", parts, perm=[2, 0, 3, 1, 4]), outputs=4, axis=0, num_outputs=4)
        q, k, v, opened = (g.add("Squeeze", part, g.ints(0)) for part in parts)
        root = g.floats(c.head_dim ** -0.5)
        q, k = (g.add("Mul", norm(part, c.head_dim), root) for part in (q, k))

        # log a = log sigmoid(z) = −softplus(−z), stable at both ends.
        gate = g.constant(quantized[key + "gate"].T, key + "gate")
        z = g.add("Add", g.add("MatMul", y, gate), g.constant(quantized[key + "decay"], key + "decay"))
        steps = g.add("Neg", g.add("Softplus", g.add("Neg", g.add("Transpose", z, perm=[0, 2, 1]))))
        total = g.add("CumSum", steps, g.constant(np.int64(2)))
        column, row = g.add("Unsqueeze", total, g.ints(3)), g.add("Unsqueeze", total, g.ints(2))
        weight = g.add("Exp", g.add("Where", later, g.floats(-1e9), g.add("Sub", column, row)))
        recent = g.add("MatMul", g.add("Mul", g.add("MatMul", q, transposed(k)), weight), v)
        old = g.add("MatMul", g.add("Mul", q, g.add("Exp", column)), memory)
        last = g.add("Slice", column, g.ints(-1), end, g.ints(2))
        kept = g.add("Mul", k, g.add("Exp", g.add("Sub", last, column)))
        memory = g.add("Add", g.add("Mul", g.add("Exp", last), memory), g.add("MatMul", transposed(kept), v))
        memories.append(g.add("Unsqueeze", memory, g.ints(1)))

        y = g.add("Mul", norm(g.add("Add", recent, old), c.head_dim), g.add("Sigmoid", opened))
        y = g.reshape(g.add("Transpose", y, perm=[0, 2, 1, 3]), rows, d)
        x = g.add("Add", x, times(y, key + "out.weight"))
        up = g.add("Relu", times(norm(x, c.dim), key + "up.weight"))
        x = g.add("Add", x, times(g.add("Mul", up, up), key + "down.weight"))

    head = g.add("MatMul", norm(x, c.dim), g.add("Transpose", embedding, perm=[1, 0]))
    cap = g.floats(c.softcap)
    g.add("Mul", g.add("Tanh", g.add("Div", head, cap)), cap, name="logits")
    g.add("Concat", *lasts, axis=1, name="last_next")
    g.add("Concat", *memories, axis=1, name="memory_next")
    carried = shapes(c)
    return graph.finish(g, [graph.IDS, *(graph.floats(name, *shape) for name, shape in carried.items())],
                        [graph.floats("logits", "time", c.vocab),
                         *(graph.floats(f"{name}_next", *shape) for name, shape in carried.items())],
                        NAME, "gated linear attention, state carried from chunk to chunk")
