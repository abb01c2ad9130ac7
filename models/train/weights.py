"""Reads the PyTorch model back out of an artifact's `model.onnx.xz`.

Everything that PyTorch scores here is what the artifact ships: int8 values times scales
from the graph's initializers, the shape from the graph's metadata.
"""

import json
import lzma
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from config import Config
from model import Model, tensors
from quantize import dequantize


def read(path: Path) -> Model:
    """The model in fp32, ready to score."""
    graph = onnx.load_from_string(lzma.decompress(path.read_bytes()))
    c = Config(**json.loads({p.key: p.value for p in graph.metadata_props}["config"]))
    stored = {i.name: numpy_helper.to_array(i) for i in graph.graph.initializer}

    state = {name: (q, stored[name + ".scale"]) for name, q in stored.items() if name.endswith(".weight")}
    state["skip"] = np.reshape([stored[f"skip.{i}"] for i in range(c.skips)], (c.skips, c.dim)).astype(np.float32)
    for i in range(c.layers):
        key = f"blocks.{i}."
        state[key + "mix"] = np.stack([stored[key + "mix.0"], stored[key + "mix.1"]])
        # The graph holds gain / √h for the query heads.
        state[key + "q_gain"] = stored[key + "factors"][:c.heads, 0] * np.float32(c.head_dim ** 0.5)

    model = Model(c)
    model.load_state_dict(tensors(dequantize({name: v if isinstance(v, tuple) else np.array(v)
                                              for name, v in state.items()})))
    return model.eval().requires_grad_(False)


def outputs_differ(path: Path, model: Model, ids: np.ndarray) -> float:
    """Largest difference of the logits between ONNX Runtime on the file and `model` on ids [B, T]."""
    import onnxruntime as ort  # only this check needs it

    options = ort.SessionOptions()
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    session = ort.InferenceSession(lzma.decompress(path.read_bytes()), options, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        expected = model(torch.from_numpy(ids)).numpy()
    return float(np.abs(session.run(None, {"input_ids": ids})[0] - expected).max())
