"""Int8 weights: symmetric, one fp32 scale per row of every matrix.

A row w becomes q = round(w / s) in −127…127 with s = max|w| / 127, and stands for q·s.
Rows are output channels of a linear layer and tokens of the (tied) embedding. Small
tensors (gains, mixes, skips) stay fp32. What is scored is always the dequantized model.
"""

import numpy as np

MATRIX = ("embed.weight", "qkv.weight", "out.weight", "up.weight", "down.weight")


def quantize_rows(w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """w fp32 [rows, cols] → int8 [rows, cols] and fp32 scales [rows]."""
    scale = np.maximum(np.abs(w).max(axis=1), np.float32(1e-12)) / np.float32(127)
    return np.rint(w / scale[:, None]).clip(-127, 127).astype(np.int8), scale


def quantize(weights: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray] | np.ndarray]:
    """fp32 arrays by name → (int8, scales) for a matrix, the array itself for the rest."""
    return {name: quantize_rows(w) if name.endswith(MATRIX) else w for name, w in weights.items()}


def dequantize(quantized: dict) -> dict[str, np.ndarray]:
    """The fp32 weights that the artifact means: q·s, one rounding, as DequantizeLinear does."""
    return {name: v[0].astype(np.float32) * v[1][:, None] if isinstance(v, tuple) else v
            for name, v in quantized.items()}
