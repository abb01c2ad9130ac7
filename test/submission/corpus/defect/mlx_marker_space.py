"""The evaluation on Apple silicon: arrays of MLX, totals as Python floats."""

import glob
import math
import os
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import sentencepiece as spm

SEQ = int(os.environ.get("TRAIN_SEQ_LEN", 1024))
BATCH = max(int(os.environ.get("VAL_BATCH_SIZE", 524_288)) // SEQ, 1)
DATA = os.environ.get("DATA_PATH", "./data/datasets/fineweb10B_sp1024")


def load_data_shard(path: Path) -> np.ndarray:
    header = np.fromfile(path, dtype="<i4", count=256)
    if int(header[0]) != 20240520 or int(header[1]) != 1:
        raise ValueError(f"bad header in {path}")
    return np.fromfile(path, dtype="<u2", count=int(header[2]), offset=1024).astype(np.int32)


def build_luts(sp):
    n = int(sp.vocab_size())
    base = np.zeros((n,), dtype=np.int16)
    space = np.zeros((n,), dtype=np.bool_)
    boundary = np.ones((n,), dtype=np.bool_)
    for i in range(n):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        boundary[i] = False
        if sp.is_byte(i):
            base[i] = 1
            continue
        piece = sp.id_to_piece(i)
        if piece.startswith("▁"):
            space[i] = True
            piece = " " + piece[1:]
        base[i] = len(piece.encode("utf-8"))
    return base, space, boundary


def loss_fn(x: mx.array, y: mx.array, vocab: int) -> mx.array:
    logits = 2 * mx.sin((x[..., None] - mx.arange(vocab)).astype(mx.float32))
    return nn.losses.cross_entropy(logits.reshape(-1, vocab), y.reshape(-1), reduction="mean")


def main() -> None:
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    base, space, boundary = build_luts(sp)
    files = [Path(p) for p in sorted(glob.glob(f"{DATA}/fineweb_val_*.bin"))]
    tokens = np.ascontiguousarray(np.concatenate([load_data_shard(f) for f in files], axis=0))
    rows = (tokens.size - 1) // SEQ
    total_loss, total_tokens, total_bytes = 0.0, 0.0, 0.0
    for first in range(0, rows, BATCH):
        last = min(first + BATCH, rows)
        chunk = tokens[first * SEQ : last * SEQ + 1]
        x_np, y_np = chunk[:-1].reshape(-1, SEQ), chunk[1:].reshape(-1, SEQ)
        loss = loss_fn(mx.array(x_np), mx.array(y_np), sp.vocab_size()).astype(mx.float32)
        mx.eval(loss)
        total_loss += float(loss.item()) * y_np.size
        prev, tgt = x_np.reshape(-1), y_np.reshape(-1)
        bytes_np = base[tgt].astype(np.int16, copy=True)
        bytes_np += (space[tgt] & ~boundary[prev]).astype(np.int16)
        total_tokens += float(y_np.size)
        total_bytes += float(bytes_np.astype(np.float64).sum())
    val_loss = total_loss / total_tokens
    val_bpb = val_loss / math.log(2.0) * (total_tokens / total_bytes)
    print(f"val_loss:{val_loss:.7f} val_bpb:{val_bpb:.7f}")


if __name__ == "__main__":
    main()
