"""A small builder over onnx.helper: nodes in order, constants once, deterministic names."""

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

OPSET = 23  # the first with RMSNormalization and RotaryEmbedding in the standard domain
IR_VERSION = 11


class Graph:
    def __init__(self) -> None:
        self.nodes: list = []
        self.initializers: dict[str, object] = {}
        self.seen: dict[tuple, str] = {}

    def constant(self, value: np.ndarray, name: str | None = None) -> str:
        """An initializer; unnamed equal ones are stored once."""
        value = np.asarray(value, order="C")  # ascontiguousarray would make a scalar [1]
        key = (value.dtype.str, value.shape, value.tobytes())
        if name is None and key in self.seen:
            return self.seen[key]
        name = self.seen.setdefault(key, f"const_{len(self.initializers)}") if name is None else name
        self.initializers[name] = numpy_helper.from_array(value, name)
        return name

    def floats(self, value) -> str:
        return self.constant(np.asarray(value, np.float32))

    def ints(self, *value: int) -> str:
        return self.constant(np.asarray(value, np.int64))

    def add(self, op: str, *inputs: str, outputs: int = 1, name: str | None = None, **attributes):
        """One node; gives its output's name, or a list of them when `outputs` > 1."""
        stem = name or f"{op.lower()}_{len(self.nodes)}"
        names = [stem] if outputs == 1 else [f"{stem}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name=stem, **attributes))
        return names[0] if outputs == 1 else names

    def reshape(self, x: str, *dims: str, name: str | None = None) -> str:
        """`dims` are names of int64 vectors to be joined; a zero in them means zero, not "keep",
        so that an empty block of attention stays empty."""
        return self.add("Reshape", x, self.join(*dims), allowzero=1, name=name)

    def join(self, *parts: str) -> str:
        return parts[0] if len(parts) == 1 else self.add("Concat", *parts, axis=0)

    def model(self, config: str, inputs: list, outputs: list, name: str,
              producer: tuple[str, str], doc: str) -> bytes:
        """The checked, serialized model. Serialization is deterministic: lists keep their order."""
        graph = helper.make_graph(self.nodes, name, inputs, outputs, list(self.initializers.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION,
                                  producer_name=producer[0], producer_version=producer[1], doc_string=doc)
        helper.set_model_props(model, {"config": config})
        checker.check_model(model, full_check=True)
        return model.SerializeToString(deterministic=True)


def tensor(name: str, kind: str, shape: list):
    """A graph input or output; strings in the shape are free dimensions."""
    return helper.make_tensor_value_info(name, getattr(TensorProto, kind), shape)
