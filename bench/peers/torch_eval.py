"""PyTorch's own CPU evaluation of an artifact, the way a PyTorch user would do it well:
inference_mode, fp32, scaled_dot_product_attention, summed cross entropy, a warm-up.

    python bench/peers/torch_eval.py models/sotu-8x256 [--docs FILE.jsonl] [--batch 8] [--threads 2] [--compile]

Scores the chunk window over the same stream as `bpb score` and prints one JSON line.
`seconds` covers scoring alone: weights and tokens are loaded, the warm-up has run.
The sums are those of the challenge's evaluator: fp32 in a batch, float64 over batches.
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "models" / "train"))
import lut  # noqa: E402
import sotu  # noqa: E402
import weights  # noqa: E402

import tokenizer  # noqa: E402


def read_docs(path: Path | None) -> list[str]:
    """The `text` of every line, or the held-out documents."""
    if path is None:
        return sotu.load("val")
    return [
        json.loads(line)["text"]
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]


@torch.inference_mode()
def evaluate(model, inputs: torch.Tensor, targets: torch.Tensor, batch: int) -> float:
    """Sum of the nats of inputs, targets int64 [rows, T]."""
    total = 0.0
    for x, y in zip(inputs.split(batch), targets.split(batch)):
        total += F.cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction="sum").item()
    return total


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("artifact", type=Path)
    p.add_argument(
        "--docs", type=Path, help="one JSON object with `text` a line; default: sotu-val"
    )
    p.add_argument("--batch", type=int, default=8, help="rows of seqLen a batch")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--repeat", type=int, default=1, help="passes over the data; the fastest counts")
    p.add_argument("--compile", action="store_true", help="torch.compile")
    a = p.parse_args()
    torch.set_num_threads(a.threads)

    seq_len = json.loads((a.artifact / "artifact.json").read_text())["evaluation"]["seqLen"]
    spm = tokenizer.load(a.artifact / "tokenizer.model")
    model = weights.read(a.artifact / "model.onnx.xz")
    stream = tokenizer.stream(spm, read_docs(a.docs))
    usable = (len(stream) - 1) // seq_len * seq_len
    assert usable > 0, "fewer tokens than one window"
    counts = lut.target_bytes(spm, model.c.vocab, stream)[1 : usable + 1]
    tokens = torch.from_numpy(stream)
    inputs, targets = tokens[:usable].view(-1, seq_len), tokens[1 : usable + 1].view(-1, seq_len)

    run = torch.compile(model) if a.compile else model
    # Both batch shapes of the real pass, so that no compilation falls into it.
    rest = len(inputs) % a.batch
    for rows in {min(a.batch, len(inputs)), rest or a.batch}:
        evaluate(run, inputs[:rows], targets[:rows], a.batch)
    seconds = math.inf
    for _ in range(a.repeat):
        start = time.perf_counter()
        nats = evaluate(run, inputs, targets, a.batch)
        seconds = min(seconds, time.perf_counter() - start)
    print(
        json.dumps(
            {
                "seconds": round(seconds, 4),
                "targets": usable,
                "targets_per_s": round(usable / seconds, 1),
                "val_loss": nats / usable,
                "val_bpb": nats / math.log(2) / int(counts.sum()),
                "torch": torch.__version__,
                "threads": torch.get_num_threads(),
                "batch": a.batch,
                "compile": a.compile,
            }
        )
    )


if __name__ == "__main__":
    main()
