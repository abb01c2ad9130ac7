"""A bias on the logits, one per piece, learned from the document itself.

    p = softmax(logits + bias)        bias ← bias − rate · mean over the chunk (p − onehot(target))

The score graph leaves the mean of p in the state, so the adapt graph only has to count targets.
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

NAME = "sotu-bias"
RATE = 2.0  # chosen on training documents: `make_adaptive.py choose`
MODEL = "base"
CHOSEN = {"rate": RATE, "rate_chosen_on": "training documents"}


def compared(p: Procedure) -> dict[str, Procedure]:
    """What reference.json sets beside it: the same windows, nothing learned."""
    return {"unadapted": replace(p, adapt=None)}


def manifest(c: Config) -> dict:
    def vector(name: str) -> dict:
        return {"name": name, "in": name, "out": f"{name}_next", "shape": [c.vocab], "dtype": "float32",
                "init": "zeros", "reset": "document"}
    return {
        "state": {"tensors": [vector("bias"), vector("mean")], "chunk": shared.CHUNK, "context": shared.CONTEXT},
        "adapt": {"path": "adapt.onnx.xz", "tokens": None, "targets": "targets",
                  "reads": ["bias", "mean"], "writes": ["bias"]},
    }


def init(c: Config) -> dict[str, np.ndarray]:
    return {name: np.zeros(c.vocab, np.float32) for name in ("bias", "mean")}


def score_graph(c: Config, quantized: dict) -> bytes:
    g, _, z = graph.opened(c, quantized)
    logits = graph.like_ids(g, g.add("Mul", g.add("Tanh", z), g.floats(c.softcap)), c.vocab)
    bias = g.add("Unsqueeze", "bias", g.ints(1))
    g.add("Add", logits, bias, name="logits")
    p = g.add("Softmax", graph.tail(g, "logits", shared.CHUNK), axis=-1)
    g.add("ReduceMean", p, g.ints(1), keepdims=0, name="mean_next")
    return graph.finish(g, [graph.IDS, graph.floats("bias", c.vocab)],
                        [graph.floats("logits", "time", c.vocab), graph.floats("mean_next", c.vocab)],
                        NAME, "the base with a bias on its logits")


def adapt_graph(c: Config, quantized: dict) -> bytes:
    g = Graph()
    counted = g.add("ReduceMean", graph.one_hot(g, "targets", c.vocab), g.ints(1), keepdims=0)
    step = g.add("Mul", g.add("Sub", "mean", counted), g.floats(RATE))
    g.add("Sub", "bias", step, name="bias_next")
    return graph.finish(g, [tensor("targets", "INT64", ["batch", "chunk"]),
                            graph.floats("bias", c.vocab), graph.floats("mean", c.vocab)],
                        [graph.floats("bias_next", c.vocab)], NAME, "one step on the bias")


def torch_procedure(c: Config, w: dict, rate: float = RATE):
    def score(ids, state):
        h = hidden(w, c, ids)[:, -shared.CHUNK:]
        z = capped(c, times(h, w["embed.weight"])) + state["bias"][:, None]
        return z, {"mean": z.softmax(-1).mean(1)}

    def adapt(ids, targets, state):
        counted = torch.nn.functional.one_hot(targets, c.vocab).float().mean(1)
        return {"bias": state["bias"] - rate * (state["mean"] - counted)}
    return score, adapt
