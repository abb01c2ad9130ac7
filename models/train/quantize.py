"""Int8 weights: symmetric, one fp32 scale per row of every matrix.

A row w becomes q = round(w / s) in −127…127 with s = max|w| / 127, and stands for q·s.
Rows are output channels of a linear layer and tokens of the (tied) embedding. Small
tensors (gains, mixes, skips) stay fp32. What is scored is always the dequantized model.
"""

import numpy as np
import torch
from torch import Tensor

MATRIX = ("embed.weight", "qkv.weight", "out.weight", "up.weight", "down.weight")


def quantize_rows(w: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """w fp32 [rows, cols] → int8 [rows, cols] and fp32 scales [rows]."""
    scale = w.abs().amax(dim=1).clamp_min(1e-12) / 127
    q = torch.round(w / scale[:, None]).clamp(-127, 127)
    return q.to(torch.int8).numpy(), scale.float().numpy()


def quantize(state: dict[str, Tensor]) -> dict[str, tuple[np.ndarray, np.ndarray] | np.ndarray]:
    """A state dict → per name (int8, scales) for a matrix, an fp32 array for the rest."""
    return {name: quantize_rows(w.float()) if name.endswith(MATRIX) else w.float().numpy()
            for name, w in state.items()}


def dequantize(quantized: dict) -> dict[str, Tensor]:
    """The fp32 state dict that the artifact means: q·s, one rounding, as DequantizeLinear does."""
    return {name: torch.from_numpy(v[0].astype(np.float32) * v[1][:, None] if isinstance(v, tuple) else v)
            for name, v in quantized.items()}
