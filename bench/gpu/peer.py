"""PyTorch's evaluation of the same weights on the same tokens and GPU, as the challenge's evaluator
does it: torch.compile, inference_mode, autocast for 16 bits, cross entropy of fp32 logits.

    python3 bench/gpu/peer.py SHAPE DIR PRECISION OUT.jsonl [--chunk SHARD] [--sliding SHARD]
        [--stride 64] [--batch-tokens N] [--eager] [--device cuda]

PRECISION is bf16, fp16, fp32 (TF32 off) or tf32. DIR holds model.onnx.xz. Compiles once: both windows go
through batches of one shape, the last one padded, as `bpb` does too. Appends a JSON line for each window as soon as it is
scored; `seconds` is scoring alone. Exits 0, 1, or 10 with `answer: peer absent (…)` without PyTorch or GPU.
"""

import argparse
import json
import lzma
import sys
import time
from pathlib import Path

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
except ImportError as error:
    print(f"answer: peer absent ({error})")
    sys.exit(10)

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "models" / "train"))
import onnx_initializers  # noqa: E402
import weights  # noqa: E402

TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def rows_of(tokens: torch.Tensor, length: int, stride: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and targets [rows, length]; chunk is a stride of `length`."""
    total = (len(tokens) - 1) // length * length
    return tokens[:total].unfold(0, length, stride), tokens[1 : total + 1].unfold(0, length, stride)


def whole(rows: torch.Tensor, batch: int) -> torch.Tensor:
    """`rows` with the last one repeated, until they are whole batches."""
    return torch.cat((rows, rows[-1:].expand(-len(rows) % batch, -1)))


@torch.inference_mode()
def evaluate(run, inputs, targets, rows, batch, stride, kind) -> torch.Tensor:
    """Sum of nats of the first `rows` rows; every one but the first scores its last `stride` targets."""
    total = torch.zeros((), dtype=torch.float64, device=inputs.device)
    for start in range(0, rows, batch):
        x, y = inputs[start : start + batch], targets[start : start + batch]
        with torch.autocast(x.device.type, kind or torch.bfloat16, enabled=kind is not None):
            logits = run(x)
        nats = F.cross_entropy(logits.float().flatten(0, 1), y.flatten(), reduction="none").view(
            y.shape
        )
        total += nats[: rows - start, -stride:].sum(dtype=torch.float64)
        if start == 0:
            total += nats[0, :-stride].sum(dtype=torch.float64)
    return total


class Peer:
    def __init__(self, a):
        self.a = a
        metadata, stored = onnx_initializers.read(
            lzma.decompress((a.folder / "model.onnx.xz").read_bytes())
        )
        self.model = weights.model_of(json.loads(metadata["config"]), stored).to(a.device)
        self.length = self.model.c.seq_len
        self.run = self.model if a.eager else torch.compile(self.model, dynamic=False)
        self.kind = TYPES.get(a.precision)
        self.compile_seconds = None

    def score(self, inputs, targets, rows, batch, stride) -> tuple[float, float]:
        """Nats and seconds."""
        start = time.perf_counter()
        nats = evaluate(
            self.run, inputs, targets, rows, batch, stride, self.kind
        ).item()  # waits for the device
        return nats, time.perf_counter() - start

    def line(self, window: str, shard: Path) -> dict:
        a, length = self.a, self.length
        stride = length if window == "chunk" else a.stride
        tokens = torch.from_numpy(np.fromfile(shard, dtype="<u2", offset=1024).astype(np.int64)).to(
            a.device
        )
        inputs, targets = rows_of(tokens, length, stride)
        rows, batch = len(inputs), max(1, a.batch_tokens // length)
        inputs, targets = whole(inputs, batch), whole(targets, batch)
        for _ in range(3):  # the first of them compiles
            _, seconds = self.score(inputs, targets, min(rows, batch), batch, stride)
            self.compile_seconds = self.compile_seconds or seconds
        nats, seconds = self.score(inputs, targets, rows, batch, stride)
        scored = rows * stride + (length - stride)
        return {
            "batch_rows": batch,
            "targets": scored,
            "input_tokens": rows * length,
            "seconds": seconds,
            "targets_per_s": scored / seconds,
            "val_loss": nats / scored,
            "compile_seconds": self.compile_seconds,
        }


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("shape")
    p.add_argument("folder", type=Path)
    p.add_argument("precision", choices=[*TYPES, "fp32", "tf32"])
    p.add_argument("out", type=Path)
    p.add_argument("--chunk", type=Path)
    p.add_argument("--sliding", type=Path)
    p.add_argument("--stride", type=int, default=64)
    p.add_argument("--batch-tokens", type=int, default=65536)
    p.add_argument("--eager", action="store_true")
    p.add_argument("--device", default="cuda")
    a = p.parse_args()
    if a.device.startswith("cuda") and not torch.cuda.is_available():
        print("answer: peer absent (PyTorch finds no GPU)")
        sys.exit(10)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = a.precision == "tf32"
    peer, failed = Peer(a), 0
    for window in ("chunk", "sliding"):
        shard = getattr(a, window)
        if shard is None:
            continue
        line = {
            "who": "PyTorch",
            "shape": a.shape,
            "variant": f"{a.precision} {'eager' if a.eager else 'compiled'}",
            "window": window,
            "stride": a.stride if window == "sliding" else None,
            "purpose": "end-to-end",
            "torch": torch.__version__,
            "error": None,
        }
        try:
            line |= peer.line(window, shard)
        except Exception as error:  # noqa: BLE001 - the other window goes on
            line["error"] = f"{type(error).__name__}: {error}"[:500]
            failed += 1
        with a.out.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(line, flush=True)
    if failed:
        print(f"answer: {failed} windows could not be scored")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
