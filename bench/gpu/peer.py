"""PyTorch's evaluation of the same weights on the same tokens and GPU, as the challenge's evaluator
does it: torch.compile, inference_mode, autocast for 16 bits, cross entropy of fp32 logits.

    python3 bench/gpu/peer.py DIR SHARD chunk|sliding PRECISION [--stride 64] [--batch-tokens N] [--eager]

PRECISION is bf16, fp16, fp32 (TF32 off) or tf32. DIR holds model.onnx.xz. Prints one JSON line; `seconds`
is scoring alone: the model is compiled, and both batch shapes have run once.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "models" / "train"))
import weights  # noqa: E402

TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def rows_of(tokens: torch.Tensor, length: int, stride: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and targets [rows, length]; chunk is a stride of `length`."""
    total = (len(tokens) - 1) // length * length
    inputs = tokens[:total].unfold(0, length, stride)
    return inputs, tokens[1 : total + 1].unfold(0, length, stride)


@torch.inference_mode()
def evaluate(run, inputs, targets, batch, first, stride, kind) -> float:
    """Sum of nats; every row but the stream's first scores its last `stride` targets."""
    total = torch.zeros((), dtype=torch.float64, device=inputs.device)
    for start in range(0, len(inputs), batch):
        x, y = inputs[start : start + batch].contiguous(), targets[start : start + batch].contiguous()
        with torch.autocast(x.device.type, kind or torch.bfloat16, enabled=kind is not None):
            logits = run(x)
        nats = F.cross_entropy(logits.float().flatten(0, 1), y.flatten(), reduction="none")
        nats = nats.view(y.shape)
        total += nats[:, -stride:].sum(dtype=torch.float64)
        if start == 0 and first:
            total += nats[0, :-stride].sum(dtype=torch.float64)
    return total.item()


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=Path)
    p.add_argument("shard", type=Path)
    p.add_argument("window", choices=["chunk", "sliding"])
    p.add_argument("precision", choices=[*TYPES, "fp32", "tf32"])
    p.add_argument("--stride", type=int, default=64)
    p.add_argument("--batch-tokens", type=int, default=65536)
    p.add_argument("--eager", action="store_true")
    p.add_argument("--device", default="cuda")
    a = p.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = a.precision == "tf32"

    model = weights.read(a.folder / "model.onnx.xz").to(a.device)
    length = model.c.seq_len
    stride = length if a.window == "chunk" else a.stride
    tokens = torch.from_numpy(np.fromfile(a.shard, dtype="<u2", offset=1024).astype(np.int64)).to(a.device)
    inputs, targets = rows_of(tokens, length, stride)
    batch = max(1, a.batch_tokens // length)
    run = model if a.eager else torch.compile(model)
    kind = TYPES.get(a.precision)
    wait = torch.cuda.synchronize if a.device == "cuda" else lambda: None

    def score(x, y):
        nats = evaluate(run, x, y, batch, stride < length, stride, kind)
        wait()
        return nats

    for rows in {min(batch, len(inputs)), len(inputs) % batch or batch}:
        for _ in range(3):
            score(inputs[:rows], targets[:rows])
    start = time.perf_counter()
    nats = score(inputs, targets)
    seconds = time.perf_counter() - start
    scored = len(inputs) * stride + (length - stride)
    print(json.dumps({
        "seconds": seconds, "targets": scored, "targets_per_s": scored / seconds, "val_loss": nats / scored,
        "torch": torch.__version__, "precision": a.precision, "compiled": not a.eager, "batch_rows": batch,
    }))


if __name__ == "__main__":
    main()
