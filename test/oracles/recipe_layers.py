"""The recipe's PyTorch model against its own export on ONNX Runtime, for each number of layers.

    python3 recipe_layers.py TRAIN_FOLDER LAYERS …

Prints JSON: per number of layers the largest differences of the logits from those of model.py. All
weights are random, the skips and mixes too, so that a skip that goes to another layer shows.
"""

import json
import lzma
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch

import onnx

TRAIN = Path(sys.argv[1])
sys.path[:0] = [str(TRAIN), str(TRAIN / "adaptive")]

import export  # noqa: E402
import weights  # noqa: E402
from config import Config  # noqa: E402
from model import Model, arrays, tensors  # noqa: E402
from quantize import dequantize, quantize  # noqa: E402
from transformer import capped, hidden, times  # noqa: E402

ROWS, TIME = 3, 13


def logits(model: bytes, ids: np.ndarray) -> np.ndarray:
    options = ort.SessionOptions()
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"input_ids": ids})[0]


def fixed(model: bytes) -> bytes:
    """The same with its axes written in, as a GPU's session has them."""
    graph = onnx.load_from_string(model)
    for dim, size in zip(graph.graph.input[0].type.tensor_type.shape.dim, (ROWS, TIME)):
        dim.dim_value = size
    return graph.SerializeToString()


@torch.inference_mode()
def differences(layers: int) -> dict:
    torch.manual_seed(layers)
    c = Config(vocab=61, layers=layers, dim=32, heads=4, kv_heads=2, mlp=2, seq_len=TIME)
    model = Model(c).eval()
    for parameter in model.parameters():
        parameter.normal_(std=0.3)
    quantized = quantize(arrays(model.state_dict()))
    model.load_state_dict(tensors(dequantize(quantized)))
    ids = np.random.default_rng(layers).integers(0, c.vocab, (ROWS, TIME))
    expected = model(torch.from_numpy(ids)).numpy()

    exported = export.build(c, quantized, "layers")
    w = model.state_dict()
    again = capped(c, times(hidden(w, c, torch.from_numpy(ids)), w["embed.weight"]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx.xz"
        path.write_bytes(lzma.compress(exported, preset=0))
        read_back = weights.read(path)(torch.from_numpy(ids))
    found = {
        "exported": logits(exported, ids),
        "read back": read_back.numpy(),
        "exported with fixed axes": logits(fixed(exported), ids),
        "adaptive recipe": again.numpy(),
    }
    return {name: float(np.abs(value - expected).max()) for name, value in found.items()}


print(json.dumps({layers: differences(int(layers)) for layers in sys.argv[2:]}))
