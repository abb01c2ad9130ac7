"""Reads the weights, or the PyTorch model, back out of an artifact's `model.onnx.xz`.

Everything that PyTorch scores here is what the artifact ships: int8 values times scales
from the graph's initializers, the shape from the graph's metadata.
"""

import json
import lzma
from pathlib import Path

import numpy as np
import torch

from config import Config
from model import Model, tensors
from quantize import dequantize


def stored(path: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """A graph's config and its initializers."""
    import onnx  # so that who has read the graph otherwise needs none
    from onnx import numpy_helper

    model = onnx.load_from_string(lzma.decompress(path.read_bytes()))
    arrays = {i.name: np.array(numpy_helper.to_array(i)) for i in model.graph.initializer}
    return json.loads({p.key: p.value for p in model.metadata_props}["config"]), arrays


def matrices(arrays: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The int8 weights and their scales, as quantize.quantize gave them."""
    return {name: (q, arrays[name + ".scale"]) for name, q in arrays.items() if name + ".scale" in arrays}


def quantized(path: Path) -> tuple[Config, dict]:
    """What export.build was given: exporting it again gives the same weights."""
    return unpacked(*stored(path))


def unpacked(config: dict, arrays: dict[str, np.ndarray]) -> tuple[Config, dict]:
    """As `quantized`, of a graph's config and its initializers by name."""
    c, weights = Config(**config), matrices(arrays)
    weights["skip"] = np.reshape([arrays[f"skip.{i}"] for i in range(c.skips)], (c.skips, c.dim)).astype(np.float32)
    for i in range(c.layers):
        key = f"blocks.{i}."
        weights[key + "mix"] = np.stack([arrays[key + "mix.0"], arrays[key + "mix.1"]])
        # The graph holds gain / √h for the query heads; exact both ways where h is a power of four.
        weights[key + "q_gain"] = arrays[key + "factors"][:c.heads, 0] * np.float32(c.head_dim ** 0.5)
    return c, weights


def read(path: Path) -> Model:
    """The model in fp32, ready to score."""
    return model_of(*stored(path))


def model_of(config: dict, arrays: dict[str, np.ndarray]) -> Model:
    """As `read`, of a graph's config and its initializers by name."""
    c, weights = unpacked(config, arrays)
    model = Model(c)
    model.load_state_dict(tensors(dequantize(weights)))
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
