"""A PyTorch function, derivatives in it included, as an ONNX graph over int8 weights.

`make_fx` runs the function with symbolic sizes and records the plain operators it comes to; the
exporter translates those. The weights go through both as inputs, so that nothing folds or transposes
them on the way, and are put in their place afterwards: int8 and DequantizeLinear, as in export.py.
"""

from typing import Callable

import graph
import torch
from onnx import NodeProto, numpy_helper
from torch.export import Dim, default_decompositions
from torch.fx.experimental.proxy_tensor import make_fx

import quantize
from model import tensors
from onnx_graph import Graph, tensor


def to_onnx(f: Callable, quantized: dict, inputs: dict[str, torch.Tensor], axes: dict[str, list],
            outputs: list[str], name: str, doc: str) -> bytes:
    """`f(weights, *inputs)` gives the outputs. `inputs` are examples; `axes` has the shape of every
    input and output, with a name for each axis that is free."""
    weights = tensors(quantize.dequantize(quantized))
    keys = list(weights)

    def flat(*given):
        return f(dict(zip(keys, given[:len(keys)])), *given[len(keys):])

    args = (*weights.values(), *inputs.values())
    free = [{i: Dim.DYNAMIC for i, axis in enumerate(axes[n]) if isinstance(axis, str)} for n in inputs]
    trace = make_fx(flat, tracing_mode="symbolic", decomposition_table=default_decompositions())(*args).eval()
    program = torch.onnx.export(trace, args, dynamic_shapes=(*({} for _ in keys), *free), dynamo=True, verbose=False,
                                input_names=[*keys, *inputs], output_names=outputs, opset_version=20)
    exported = program.model_proto.graph
    assert not program.model_proto.functions

    # Opset 23 changes none of the operators that are used, and is that of the other graphs.
    g = Graph()
    for key, value in quantized.items():
        weight = graph.matrix(g, quantized, key) if isinstance(value, tuple) else g.constant(value, key)
        if weight != key:
            rename(exported.node, key, weight)
    g.nodes += [plain(node) for node in exported.node]
    g.initializers |= {i.name: numpy_helper.from_array(numpy_helper.to_array(i), i.name) for i in exported.initializer}

    def value(n: str):
        whole = n in inputs and inputs[n].dtype == torch.int64
        return tensor(n, "INT64" if whole else "FLOAT", axes[n])
    return graph.finish(g, [value(n) for n in inputs], [value(n) for n in outputs], name, doc)


def rename(nodes, old: str, new: str) -> None:
    for node in nodes:
        for i, name in enumerate(node.input):
            if name == old:
                node.input[i] = new


def plain(node: NodeProto) -> NodeProto:
    """Without the exporter's notes on where in PyTorch it came from."""
    del node.metadata_props[:]
    node.doc_string = ""
    return node
