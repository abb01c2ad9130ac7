"""PyTorch's CPU evaluation of an artifact of models/train, again and again in one process, so that a
benchmark can take it in turn with others and compile once.

    python bench/peers/torch_rounds.py MODEL.onnx.xz SHARD SEQ_LEN THREADS [BATCH]

Chunk rows of the shard; their count must be a multiple of BATCH, rows of one batch. Reads a word a line and
prints a JSON line for each: `eager` or `compiled` scores all rows, {"seconds", "nats"}; `mm` multiplies two
square fp32 matrices, {"flops"} a second, the best of several. The first line says {"torch"}: both forms have run.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path[:0] = [
    str(Path(__file__).resolve().parent),
    str(Path(__file__).resolve().parents[2] / "models" / "train"),
]
import torch_eval  # noqa: E402
import weights  # noqa: E402

HEADER = 1024  # bytes before a shard's uint16 tokens
SIDE, RUNS = 2048, 4


def flops() -> float:
    """Operations a second of torch.mm, square matrices."""
    a, b = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    best = float("inf")
    for _ in range(1 + RUNS):
        start = time.perf_counter()
        torch.mm(a, b)
        best = min(best, time.perf_counter() - start)
    return 2 * SIDE**3 / best


def main(path: str, shard: str, seq_len: str, threads: str, batch: str = "8") -> None:
    torch.set_num_threads(int(threads))
    model = weights.read(Path(path))
    tokens = torch.from_numpy(np.fromfile(shard, dtype="<u2", offset=HEADER).astype(np.int64))
    length, rows = int(seq_len), int(batch)
    usable = (len(tokens) - 1) // length * length
    inputs, targets = tokens[:usable].view(-1, length), tokens[1 : usable + 1].view(-1, length)
    assert len(inputs) % rows == 0, "the rows are no whole batches"
    forms = {"eager": model, "compiled": torch.compile(model, dynamic=False)}

    def answer(facts: dict) -> None:
        print(json.dumps(facts), flush=True)

    for form in forms.values():
        torch_eval.evaluate(form, inputs[:rows], targets[:rows], rows)
    answer({"torch": torch.__version__})
    for line in sys.stdin:
        word = line.strip()
        if word == "mm":
            answer({"flops": flops()})
            continue
        start = time.perf_counter()
        nats = torch_eval.evaluate(forms[word], inputs, targets, rows)
        answer({"seconds": time.perf_counter() - start, "nats": nats})


if __name__ == "__main__":
    main(*sys.argv[1:])
