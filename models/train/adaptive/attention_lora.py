"""A low-rank change of every layer's queries and values for each document; its gradient step is
PyTorch's own derivative, traced to plain operators and exported.

    qkv(x) ← x Wᵀ + (x Aqᵀ) Bqᵀ in the queries' rows, x Wᵀ + (x Avᵀ) Bvᵀ in the values'

Aq, Av [layers, r, d] begin random, Bq, Bv at zero, so a document begins with the base. The gradient
goes through all layers, so the adapt graph runs the model again on the same inputs.
"""

from dataclasses import replace

import numpy as np
import shared
import torch
from loop import Procedure

from config import Config
from traced import to_onnx
from transformer import Weights, capped, hidden, times

NAME = "sotu-attention-lora"
MODEL = "base"
RANK = 4
RATE = 0.5  # chosen on a training document, where 1 is good and 3 diverges: `make_adaptive.py choose`
CHOSEN = {"rate": RATE, "rate_chosen_on": "a training document"}
LORA = ("aq", "bq", "av", "bv")


def compared(p: Procedure) -> dict[str, Procedure]:
    """What reference.json sets beside it: the same windows, nothing learned."""
    return {"unadapted": replace(p, adapt=None)}


def shapes(c: Config) -> dict[str, list[int]]:
    return {"aq": [c.layers, RANK, c.dim], "bq": [c.layers, c.dim, RANK],
            "av": [c.layers, RANK, c.dim], "bv": [c.layers, c.kv_heads * c.head_dim, RANK]}


def manifest(c: Config) -> dict:
    return {
        "state": {"tensors": [
            {"name": name, "in": name, "out": f"{name}_next", "shape": shape, "dtype": "float32",
             "init": {"path": f"{name}.f32"} if name[0] == "a" else "zeros", "reset": "document"}
            for name, shape in shapes(c).items()], "chunk": shared.CHUNK, "context": shared.CONTEXT},
        "adapt": {"path": "adapt.onnx.xz", "tokens": "input_ids", "targets": "targets",
                  "reads": list(LORA), "writes": list(LORA)},
    }


def init(c: Config) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(4)
    return {name: (rng.standard_normal(shape) * c.dim ** -0.5 if name[0] == "a" else np.zeros(shape)).astype(np.float32)
            for name, shape in shapes(c).items()}


def logits(w: Weights, c: Config, last: int, ids, aq, bq, av, bv):
    """Of the `last` positions."""
    keys = torch.zeros(c.kv_heads * c.head_dim)

    def change(i: int, x):
        q = times(times(x, aq[:, i]), bq[:, i])
        v = times(times(x, av[:, i]), bv[:, i])
        return torch.cat((q, keys.expand(*x.shape[:2], -1), v), -1)
    h = hidden(w, c, ids, change)
    return capped(c, times(h[:, h.size(1) - last:], w["embed.weight"]))


def adapted(w: Weights, c: Config, rate: float, ids, targets, *lora) -> tuple:
    """One step on the mean loss of the chunk: the last targets.size(1) positions."""
    def loss(lora):
        z = logits(w, c, targets.size(1), ids, *lora)
        # Documents do not meet, so the gradient of the sum holds each document's own.
        return -z.log_softmax(-1).gather(-1, targets[..., None]).mean(dim=(1, 2)).sum()
    return tuple(value - rate * slope for value, slope in zip(lora, torch.func.grad(loss)(lora)))


def torch_procedure(c: Config, w: Weights, rate: float = RATE):
    def score(ids, state):
        return logits(w, c, min(ids.size(1), shared.CHUNK), ids, *(state[name] for name in LORA)), {}

    def adapt(ids, targets, state):
        return dict(zip(LORA, adapted(w, c, rate, ids, targets, *(state[name] for name in LORA))))
    return score, adapt


def inputs(c: Config, *ids: str) -> tuple[dict, dict]:
    """Examples of the inputs, of sizes that nothing else has, and the axes of inputs and outputs."""
    free = {"input_ids": ["batch", "time"], "targets": ["batch", "chunk"], "logits": ["batch", "time", c.vocab]}
    sizes = {"batch": 5, "time": 211, "chunk": 53}
    axes = {name: ["batch", *shape] for name, shape in shapes(c).items()}
    example = {name: torch.zeros([sizes[axis] for axis in free[name]], dtype=torch.int64) for name in ids}
    example |= {name: torch.zeros(sizes["batch"], *shape) for name, shape in shapes(c).items()}
    return example, {**free, **axes, **{f"{name}_next": shape for name, shape in axes.items()}}


def score_graph(c: Config, quantized: dict) -> bytes:
    return to_onnx(lambda w, ids, *lora: (logits(w, c, ids.size(1), ids, *lora),), quantized, *inputs(c, "input_ids"),
                   ["logits"], NAME, "the base with a low-rank change of its queries and values")


def adapt_graph(c: Config, quantized: dict) -> bytes:
    return to_onnx(lambda w, *rest: adapted(w, c, RATE, *rest), quantized, *inputs(c, "input_ids", "targets"),
                   [f"{name}_next" for name in LORA], NAME, "one gradient step through the whole model")
