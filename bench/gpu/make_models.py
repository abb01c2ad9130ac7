"""Artifacts of the challenge's shapes with random weights: right for timing, meaningless as scores.

    python3 bench/gpu/make_models.py DIR [SHAPE ...]

Writes DIR/<shape>/model.onnx.xz, as models/train exports it: peer.py reads the same weights back.
Needs numpy and onnx. The same bytes each time.

All weights are drawn, the small ones too: a gain, mix or skip of 1 would drop out of the rewritten model
and not out of the one it is compared with. Matrices are windows of one table of random int8 values,
with a random scale for each row, so that a graph of 36 MB packs to about one.
"""

import lzma
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "models" / "train"))
import export  # noqa: E402
from config import Config  # noqa: E402

SHAPES = {
    # The challenge's baseline, and a late record's: 11 layers, MLP of four times the width.
    "baseline-9x512": Config(
        vocab=1024, layers=9, dim=512, heads=8, kv_heads=4, mlp=2, seq_len=1024
    ),
    "wide-11x512": Config(vocab=8192, layers=11, dim=512, heads=8, kv_heads=4, mlp=4, seq_len=1024),
    # For trying the scripts out where there is no GPU.
    "tiny-2x64": Config(vocab=512, layers=2, dim=64, heads=2, kv_heads=1, mlp=2, seq_len=128),
}

# No multiple of any row's length, or rows of a large matrix would repeat.
TABLE_SIZE = 2**20 + 7
SPREAD = 36  # standard deviation of the table's values


class Draws:
    def __init__(self, seed: int):
        self.random = np.random.default_rng(seed)
        self.table = (
            np.rint(self.random.normal(0, SPREAD, TABLE_SIZE)).clip(-127, 127).astype(np.int8)
        )

    def matrix(self, rows: int, columns: int, std: float) -> tuple[np.ndarray, np.ndarray]:
        """int8 [rows, columns] and fp32 scales [rows]: what quantize.quantize gives for a matrix."""
        start = self.random.integers(TABLE_SIZE)
        q = np.take(self.table, (start + np.arange(rows * columns)) % TABLE_SIZE).reshape(
            rows, columns
        )
        return q, (std / SPREAD * self.random.uniform(0.7, 1.3, rows)).astype(np.float32)

    def around(self, mean: float, std: float, *shape: int) -> np.ndarray:
        return self.random.normal(mean, std, shape).astype(np.float32)


def weights_of(c: Config) -> dict:
    """Weights about as large as trained ones, by the names that export.build asks for."""
    draw = Draws(1)
    linear = lambda rows, columns: draw.matrix(rows, columns, 0.5 * columns**-0.5)  # noqa: E731
    weights = {
        "embed.weight": draw.matrix(c.vocab, c.dim, 0.1),
        "skip": draw.around(0.8, 0.2, c.skips, c.dim),
    }
    for i in range(c.layers):
        weights |= {
            f"blocks.{i}.qkv.weight": linear((c.heads + 2 * c.kv_heads) * c.head_dim, c.dim),
            f"blocks.{i}.out.weight": linear(c.dim, c.dim),
            f"blocks.{i}.up.weight": linear(c.mlp * c.dim, c.dim),
            f"blocks.{i}.down.weight": linear(c.dim, c.mlp * c.dim),
            f"blocks.{i}.q_gain": draw.random.uniform(1, 2.5, c.heads).astype(np.float32),
            f"blocks.{i}.mix": np.stack(
                [draw.around(0.9, 0.2, c.dim), draw.around(0.1, 0.2, c.dim)]
            ),
        }
    return weights


def write(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    graph = export.build(SHAPES[name], weights_of(SHAPES[name]), name)
    (folder / "model.onnx.xz").write_bytes(lzma.compress(graph, preset=6))


def main() -> None:
    out, names = Path(sys.argv[1]), sys.argv[2:] or ["baseline-9x512", "wide-11x512"]
    for name in names:
        write(out / name, name)
        print(out / name)


if __name__ == "__main__":
    main()
