"""A low-rank change of the head for each document, and its gradient written out by hand.

With h [n, d] what the head reads, W [V, d] its weight, A [r, d] and B [V, r] the document's own:

    u = h Aᵀ      z = h Wᵀ + u Bᵀ      logits = cap · tanh(z / cap)      p = softmax(logits)
    loss = mean over the chunk of −log p[target]

    G  = ∂loss/∂z = (p − onehot) · (1 − tanh²(z / cap)) / n
    ∂loss/∂B = Gᵀ u        ∂loss/∂A = (G B)ᵀ h        A ← A − rate · ∂A, B ← B − rate · ∂B

B begins at zero, so a document begins with the base. The score graph leaves h of the chunk in the
state: the adapt graph needs neither the tokens nor the body of the model.
"""

from dataclasses import replace

import numpy as np
import shared
import torch
from loop import Procedure

import graph
from config import Config
from onnx_graph import Graph, tensor
from transformer import capped, hidden, times

NAME = "sotu-head-lora"
RANK = 8
RATE = 0.5  # chosen on training documents: `make_adaptive.py choose`
MODEL = "base"
CHOSEN = {"rate": RATE, "rate_chosen_on": "training documents"}


def compared(p: Procedure) -> dict[str, Procedure]:
    """What reference.json sets beside it: the same windows, nothing learned."""
    return {"unadapted": replace(p, adapt=None)}


def manifest(c: Config) -> dict:
    def tensor(name: str, shape: list[int], first: object) -> dict:
        return {"name": name, "in": name, "out": f"{name}_next", "shape": shape, "dtype": "float32",
                "init": first, "reset": "document"}
    return {
        "state": {"tensors": [tensor("a", [RANK, c.dim], {"path": "a.f32"}),
                              tensor("b", [c.vocab, RANK], "zeros"),
                              tensor("hidden", [shared.CHUNK, c.dim], "zeros")],
                  "chunk": shared.CHUNK, "context": shared.CONTEXT},
        "adapt": {"path": "adapt.onnx.xz", "tokens": None, "targets": "targets",
                  "reads": ["a", "b", "hidden"], "writes": ["a", "b"]},
    }


def init(c: Config) -> dict[str, np.ndarray]:
    a = np.random.default_rng(8).standard_normal((RANK, c.dim)) * c.dim ** -0.5
    return {"a": a.astype(np.float32), "b": np.zeros((c.vocab, RANK), np.float32),
            "hidden": np.zeros((shared.CHUNK, c.dim), np.float32)}


def score_graph(c: Config, quantized: dict) -> bytes:
    g, h, z = graph.opened(c, quantized)
    # h is divided by the cap here, and so are z and u.
    h = graph.like_ids(g, h, c.dim)
    u = g.add("MatMul", h, transposed(g, "a"))
    z = g.add("Add", graph.like_ids(g, z, c.vocab), g.add("MatMul", u, transposed(g, "b")))
    g.add("Mul", g.add("Tanh", z), g.floats(c.softcap), name="logits")
    g.add("Mul", graph.tail(g, h, shared.CHUNK), g.floats(c.softcap), name="hidden_next")
    a, b = state(c)
    return graph.finish(g, [graph.IDS, a, b],
                        [graph.floats("logits", "time", c.vocab), graph.floats("hidden_next", "chunk", c.dim)],
                        NAME, "the base with a low-rank change of its head")


def adapt_graph(c: Config, quantized: dict) -> bytes:
    g = Graph()
    w = graph.matrix(g, quantized, "embed.weight")
    u = g.add("MatMul", "hidden", transposed(g, "a"))
    z = g.add("Add", g.add("MatMul", "hidden", g.add("Transpose", w, perm=[1, 0])),
              g.add("MatMul", u, transposed(g, "b")))
    t = g.add("Tanh", g.add("Div", z, g.floats(c.softcap)))
    p = g.add("Softmax", g.add("Mul", t, g.floats(c.softcap)), axis=-1)
    error = g.add("Sub", p, graph.one_hot(g, "targets", c.vocab))
    length = g.add("Cast", g.add("Slice", g.add("Shape", "targets"), g.ints(1), g.ints(2)), to=1)
    slope = g.add("Div", g.add("Sub", g.floats(1.0), g.add("Mul", t, t)), length)
    step = g.add("Mul", g.add("Mul", error, slope), g.floats(RATE))  # rate · G
    along = transposed(g, g.add("MatMul", step, "b"))
    g.add("Sub", "a", g.add("MatMul", along, "hidden"), name="a_next")
    g.add("Sub", "b", g.add("MatMul", transposed(g, step), u), name="b_next")
    a, b = state(c)
    return graph.finish(g, [tensor("targets", "INT64", ["batch", "chunk"]), a, b,
                            graph.floats("hidden", "chunk", c.dim)],
                        [graph.floats("a_next", RANK, c.dim), graph.floats("b_next", c.vocab, RANK)],
                        NAME, "one gradient step on the low-rank change")


def state(c: Config) -> tuple:
    return graph.floats("a", RANK, c.dim), graph.floats("b", c.vocab, RANK)


def transposed(g: Graph, x: str) -> str:
    return g.add("Transpose", x, perm=[0, 2, 1])


def torch_procedure(c: Config, w: dict, rate: float = RATE):
    """The step here is PyTorch's own derivative of the loss, not the formula above."""
    def logits(h, a, b):
        return capped(c, times(h, w["embed.weight"]) + times(times(h, a), b))

    def score(ids, state):
        h = hidden(w, c, ids)[:, -shared.CHUNK:]
        return logits(h, state["a"], state["b"]), {"hidden": h}

    def loss(ab, h, targets):
        picked = logits(h, *ab).log_softmax(-1).gather(-1, targets[..., None])
        return -picked.mean(dim=(1, 2)).sum()

    def adapt(ids, targets, state):
        a, b = state["a"], state["b"]
        da, db = torch.func.grad(loss)((a, b), state["hidden"], targets)
        return {"a": a - rate * da, "b": b - rate * db}
    return score, adapt
