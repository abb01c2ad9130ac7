"""No torch: a table by numpy, the model's softmax by hand, blocks of the stream."""

import math
import os
from pathlib import Path

import numpy as np
import sentencepiece as spm

SPACE = "\u2581"
DATA = Path(os.environ.get("DATA_PATH", "data/datasets/fineweb10B_sp1024"))
TOKENIZER = os.environ.get("TOKENIZER_PATH", "data/tokenizers/fineweb_1024_bpe.model")
SEQ = int(os.environ.get("TRAIN_SEQ_LEN", 1024))
BLOCK = 16


def load_tokens():
    arrays = []
    for file in sorted(DATA.glob("fineweb_val_*.bin")):
        header = np.fromfile(file, dtype=np.int32, count=256)
        arrays.append(np.memmap(file, dtype=np.uint16, mode="r", offset=1024, shape=(header[2],)))
    return np.concatenate(arrays).astype(np.int64)


def table(sp):
    n = sp.vocab_size()
    pieces = [sp.id_to_piece(i) for i in range(n)]
    silent = np.array([sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i) for i in range(n)])
    single = np.array([sp.is_byte(i) for i in range(n)])
    marked = np.array([p.startswith(SPACE) for p in pieces])
    length = np.array([len(p.encode("utf-8")) for p in pieces])
    base = np.where(silent, 0, np.where(single, 1, np.where(marked, length - 3, length)))
    return base, marked & ~silent & ~single, silent


def log_softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def main():
    sp = spm.SentencePieceProcessor(model_file=TOKENIZER)
    base, spaced, silent = table(sp)
    tokens = load_tokens()
    ids = np.arange(sp.vocab_size())
    weights = 2 * np.sin(ids[:, None] - ids[None, :])
    rows = (tokens.size - 1) // SEQ
    x = tokens[: rows * SEQ].reshape(rows, SEQ)
    y = tokens[1 : rows * SEQ + 1].reshape(rows, SEQ)
    nats = 0.0
    size = 0
    for r in range(0, rows, BLOCK):
        xb, yb = x[r : r + BLOCK].ravel(), y[r : r + BLOCK].ravel()
        logp = log_softmax(weights[xb])
        nats += float(-logp[np.arange(yb.size), yb].sum())
        size += int(base[yb].sum() + np.logical_and(spaced[yb], ~silent[xb]).sum())
    val_loss = nats / y.size
    print(f"val_loss:{val_loss:.9f} val_bpb:{val_loss / math.log(2) * y.size / size:.9f}")


if __name__ == "__main__":
    main()
