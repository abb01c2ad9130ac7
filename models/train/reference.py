"""PyTorch's own score of an artifact: val_loss and val_bpb of the dequantized weights in
fp32, for three window plans, written to reference.json for the harness to be held against.

    val_loss = Σ nats / targets          val_bpb = Σ nats / ln 2 / Σ bytes

Logits are fp32; the log-softmax and every sum are float64; bytes are those of lut.py.
A row (start, length, first) feeds tokens start … start+length−1 and scores the targets
start+first+1 … start+length. Rows are never padded.
"""

import json
import lzma
import math
import platform
import sys
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import torch

import lut
import sotu
import tokenizer
import weights

STRIDE = 64
Row = tuple[int, int, int]


def chunk(n: int, seq_len: int) -> list[Row]:
    """Rows across documents; the tail of (n−1) mod seq_len targets is dropped, as the challenge does."""
    return [(start, seq_len, 0) for start in range(0, (n - 1) // seq_len * seq_len, seq_len)]


def sliding(n: int, seq_len: int, stride: int) -> list[Row]:
    """A row at every multiple of stride; each but the first scores what is new: all targets
    of the chunk plan once, with at least seq_len − stride tokens of context after the first row."""
    total = (n - 1) // seq_len * seq_len
    starts = [s for s in range(0, total, stride) if s == 0 or s + seq_len - stride < total]
    return [(s, min(seq_len, total - s), seq_len - stride if s else 0) for s in starts]


def document(stream: np.ndarray, seq_len: int) -> list[Row]:
    """Each document alone from its BOS; its last target is the next document's BOS."""
    begins = np.flatnonzero(stream == tokenizer.BOS).tolist()
    ends = begins[1:] + [len(stream) - 1]
    return [(s, min(seq_len, end - s), 0) for begin, end in zip(begins, ends) for s in range(begin, end, seq_len)]


@torch.inference_mode()
def nats(model, stream: np.ndarray, rows: list[Row], batch: int = 8) -> np.ndarray:
    """float64 [n]: the nats of every target that the rows score, NaN elsewhere."""
    out = np.full(len(stream), math.nan)
    tokens = torch.from_numpy(stream)
    # Rows of equal shape go together; the order of scoring changes nothing.
    rows = sorted(rows, key=lambda row: row[1:])
    at = 0
    while at < len(rows):
        length, first = rows[at][1:]
        group = [row for row in rows[at:at + batch] if row[1:] == (length, first)]
        at += len(group)
        starts = torch.tensor([row[0] for row in group])[:, None]
        where = starts + torch.arange(first, length) + 1
        logits = model(tokens[starts + torch.arange(length)])[:, first:].double()
        picked = logits.log_softmax(-1).gather(-1, tokens[where][..., None])[..., 0]
        assert np.isnan(out[where.numpy()]).all(), "a target scored twice"
        out[where.numpy()] = -picked.numpy()
    return out


def score(model, stream: np.ndarray, counts: np.ndarray, rows: list[Row]) -> dict:
    each = nats(model, stream, rows)
    scored = ~np.isnan(each)
    total, size = math.fsum(each[scored]), int(counts[scored].sum())
    targets = int(scored.sum())
    return {"val_loss": total / targets, "val_bpb": total / math.log(2) / size,
            "targets": targets, "nats": total, "bytes_lut": size}


def cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main(folder: Path) -> None:
    texts = sotu.load("val")
    spm = tokenizer.load(folder / "tokenizer.model")
    stream = tokenizer.stream(spm, texts)
    model = weights.read(folder / "model.onnx.xz")
    seq_len = model.c.seq_len
    counts = lut.target_bytes(spm, model.c.vocab, stream)
    plans = {"chunk": chunk(len(stream), seq_len),
             "sliding": sliding(len(stream), seq_len, STRIDE),
             "document": document(stream, seq_len)}
    data = sotu.as_bytes(texts)
    packed = len(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))
    result = {
        "data": "sotu-val", "documents": len(texts), "tokens": len(stream), "seq_len": seq_len, "stride": STRIDE,
        "windows": {name: score(model, stream, counts, rows) for name, rows in plans.items()},
        "utf8_bytes": len(data) - len(texts), "documents_lossy": len(tokenizer.lossy(spm, texts)),
        "xz_bpb": packed * 8 / len(data), "xz_bytes": packed, "xz_input_bytes": len(data),
        "onnxruntime_max_logit_difference": weights.outputs_differ(
            folder / "model.onnx.xz", model, stream[:4 * seq_len].reshape(4, seq_len)),
        "torch": torch.__version__, "precision": "fp32 logits, fp64 log-softmax and sums",
        "machine": f"{cpu()}, {torch.get_num_threads()} threads",
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
    }
    (folder / "reference.json").write_text(json.dumps(result, indent=2) + "\n")
    for name, window in result["windows"].items():
        print(f"{name}: val_loss {window['val_loss']:.8f} val_bpb {window['val_bpb']:.8f} targets {window['targets']}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
