"""Passes over an activation [tokens, dim] that compiled PyTorch makes outside of products and attention,
counted from the kernels that Inductor writes for an H100. No GPU is needed and nothing is run.

    python3 bench/gpu/inductor_passes.py [--out FILE.json] [--source DIR] [SHAPE ...]

One batch of 64 rows in fp16, as peer.py compiles it, for three ways to write the model:

    peer        what peer.py runs: fp32 weights under autocast, so that residuals are fp32
    half        weights, gains and mixes in fp16, tables of the rotation kept in fp16, not computed
    time-major  the same, queries and keys turned as [rows, time, heads, size]: attention's result is then
                [tokens, dim] as it lies, without a copy

A pass is tokens x dim x 2 bytes. Casts of weights and the softcap's kernel over the logits are beside
them. Needs torch 2.11 (of CUDA, for its Triton), numpy and onnx.
"""

import argparse
import datetime
import json
import sys
from pathlib import Path

import inductor_count
import stand_in_gpu
import torch
from make_models import SHAPES
from torch._subclasses.fake_tensor import FakeTensorMode

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "models" / "train"))
import model  # noqa: E402

ROWS = 64
DEVICE = "cuda:0"
WAYS = ("peer", "half", "time-major")


class TimeMajor(model.Block):
    """The same block; heads are turned before they are transposed."""

    def attention(self, x, cos, sin):
        c, (b, t, _) = self.c, x.shape
        heads = self.qkv(x).view(b, t, -1, c.head_dim)
        q, k, v = heads.split((c.heads, c.kv_heads, c.kv_heads), dim=2)
        cos, sin = cos[:, None], sin[:, None]
        q = model.rotate(model.rms_norm(q), cos, sin) * self.q_gain.to(q.dtype)[:, None]
        k = model.rotate(model.rms_norm(k), cos, sin)
        q, k, v = (z.transpose(1, 2) for z in (q, k.to(q.dtype), v))
        y = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).reshape(b, t, c.dim))


def built(c, way: str):
    """The model with weights that have no values, and its tables where it is given them."""
    torch.set_default_dtype(torch.float32 if way == "peer" else torch.float16)
    with torch.device(DEVICE):
        lm = model.Model(c).eval().requires_grad_(False)
        tables = tuple(torch.empty(c.seq_len, c.head_dim // 2) for _ in range(2))
    torch.set_default_dtype(torch.float32)
    if way == "time-major":
        for block in lm.blocks:
            block.__class__ = TimeMajor
    return lm, tables


def sums(kernels: list[dict], c) -> dict:
    tokens = ROWS * c.seq_len
    total = {"kernels": 0, "passes": 0, "weight_casts": 0, "logits_bytes": 0}
    for kernel in kernels:
        buffers = kernel["buffers"].values()
        moved = sum(size for _, size in buffers)
        largest = max(n for n, _ in buffers)
        if "tanh.default" in kernel["operators"]:
            total["logits_bytes"] += moved / tokens / c.vocab
            continue
        weights = largest < tokens
        weights = (
            weights
            or kernel["operators"] == ["convert_element_type.default"]
            and largest < tokens * c.dim
        )
        total["kernels"] += 0 if weights else 1
        total["weight_casts" if weights else "passes"] += moved / (tokens * c.dim * 2) / c.layers
    return {name: round(value, 2) for name, value in total.items()}


def counted(name: str, way: str, sources: Path | None) -> tuple[dict, list[dict]]:
    c = SHAPES[name]
    rotary = model.rotary
    with FakeTensorMode(allow_non_fake_inputs=True):
        lm, tables = built(c, way)
        if way != "peer":
            model.rotary = lambda *_: tables
        ids = torch.empty(ROWS, c.seq_len, dtype=torch.int64, device=DEVICE)
        kernels = []

        def count(graph, source):
            if sources is not None:
                (sources / f"{name}-{way}.py").write_text(source)
            kernels.extend(inductor_count.kernels(graph))

        try:
            with torch.autocast("cuda", torch.float16):
                stand_in_gpu.schedule_of(lm, ids, count=count)
        finally:
            model.rotary = rotary
    return sums(kernels, c), kernels


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("shapes", nargs="*", metavar="SHAPE")
    p.add_argument("--out", type=Path)
    p.add_argument("--source", type=Path, help="keeps what Inductor wrote in this folder")
    p.add_argument("--kernels", action="store_true", help="prints every kernel")
    a = p.parse_args()
    stand_in_gpu.install()
    result = {
        "date": datetime.date.today().isoformat(),
        "torch": torch.__version__,
        "device": stand_in_gpu.PROPERTIES.name,
        "shapes": [],
    }
    for name in a.shapes or ["baseline-9x512", "wide-11x512"]:
        c, of = SHAPES[name], {}
        sizes = {"layers": c.layers, "dim": c.dim, "mlp": c.mlp, "vocab": c.vocab}
        result["shapes"].append({"shape": name, **sizes, "ways": of})
        for way in WAYS:
            of[way], kernels = counted(name, way, a.source)
            print(name, way, of[way], flush=True)
            if a.kernels:
                for kernel in kernels:
                    print("   ", *kernel["operators"], kernel["buffers"])
    if a.out is not None:
        a.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
