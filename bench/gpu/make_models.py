"""Artifacts of the challenge's shapes with random weights: right for timing, meaningless as scores.

    python3 bench/gpu/make_models.py DIR [SHAPE ...]

Writes DIR/<shape>/model.onnx.xz, as models/train exports it: peer.py reads the same weights back.
Needs torch, numpy and onnx; no network.
"""

import lzma
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "models" / "train"))
import export  # noqa: E402
from config import Config  # noqa: E402
from model import Model, arrays  # noqa: E402
from quantize import quantize  # noqa: E402

SHAPES = {
    # The challenge's baseline, and a late record's: 11 layers, MLP of four times the width.
    "baseline-9x512": Config(vocab=1024, layers=9, dim=512, heads=8, kv_heads=4, mlp=2, seq_len=1024),
    "wide-11x512": Config(vocab=8192, layers=11, dim=512, heads=8, kv_heads=4, mlp=4, seq_len=1024),
    # For trying the scripts out where there is no GPU.
    "tiny-2x64": Config(vocab=512, layers=2, dim=64, heads=2, kv_heads=1, mlp=2, seq_len=128),
}


def write(folder: Path, name: str) -> None:
    c = SHAPES[name]
    torch.manual_seed(1)
    model = Model(c)
    with torch.no_grad():
        for block in model.blocks:
            for layer in (block.qkv, block.out, block.up, block.down):
                layer.weight.normal_(std=0.5 * layer.in_features ** -0.5)
    folder.mkdir(parents=True, exist_ok=True)
    graph = export.build(c, quantize(arrays(model.state_dict())), name)
    (folder / "model.onnx.xz").write_bytes(lzma.compress(graph, preset=0))


def main() -> None:
    out, names = Path(sys.argv[1]), sys.argv[2:] or ["baseline-9x512", "wide-11x512"]
    for name in names:
        write(out / name, name)
        print(out / name)


if __name__ == "__main__":
    main()
