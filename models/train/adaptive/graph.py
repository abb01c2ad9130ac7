"""The base's ONNX graph, opened before its head so that an adapter can be put there."""

import shared  # noqa: F401
import onnx

import export
from config import Config
from onnx_graph import Graph, tensor


def opened(c: Config, quantized: dict) -> tuple[Graph, str, str]:
    """export.py's graph without softcap and output: the graph, the head's input and its output,
    both [batch · time, …]. The input is already divided by the softcap."""
    built = onnx.load_from_string(export.build(c, quantized, "base")).graph
    g = Graph()
    g.nodes = list(built.node)
    g.initializers = {i.name: i for i in built.initializer}
    tanh = max(i for i, node in enumerate(g.nodes) if node.op_type == "Tanh")
    head = next(node for node in g.nodes if node.output[0] == g.nodes[tanh].input[0])
    del g.nodes[tanh:]
    return g, head.input[0], head.output[0]


def matrix(g: Graph, quantized: dict, key: str) -> str:
    q, scale = quantized[key]
    return g.add("DequantizeLinear", g.constant(q, key), g.constant(scale, key + ".scale"), axis=0)


def like_ids(g: Graph, x: str, width: int, name: str | None = None) -> str:
    """[batch · time, width] → [batch, time, width]."""
    return g.reshape(x, g.add("Shape", "input_ids"), g.ints(width), name=name)


def tail(g: Graph, x: str, count: int, name: str | None = None) -> str:
    """The last `count` positions of [batch, time, …], or all where there are fewer."""
    return g.add("Slice", x, g.ints(-count), g.ints(2 ** 31), g.ints(1), name=name)


def one_hot(g: Graph, ids: str, vocab: int) -> str:
    """fp32 [batch, time, vocab]."""
    return g.add("OneHot", ids, g.ints(vocab), g.floats([0.0, 1.0]), axis=-1)


def floats(name: str, *shape) -> object:
    return tensor(name, "FLOAT", ["batch", *shape])


IDS = tensor("input_ids", "INT64", ["batch", "time"])


def finish(g: Graph, inputs: list, outputs: list, name: str, doc: str) -> bytes:
    used = {name for node in g.nodes for name in node.input}
    g.initializers = {name: value for name, value in g.initializers.items() if name in used}
    return g.model("{}", inputs, outputs, name, export.PRODUCER, doc)
