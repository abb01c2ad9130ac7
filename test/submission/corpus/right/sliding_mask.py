"""Sliding windows as one mask: which (window, offset) pairs are scored is a tensor."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

L = int(os.environ.get("EVAL_SEQ_LEN", 1024))
S = int(os.environ.get("EVAL_STRIDE", 64))
B = 64


def tokens_of(pattern):
    body = [np.fromfile(p, "<u2", offset=1024) for p in sorted(glob.glob(pattern))]
    return torch.from_numpy(np.concatenate(body).astype(np.int64))


def masks(total):
    starts = torch.arange(0, total, S)
    starts = starts[(starts == 0) | (starts + L - S < total)]
    offset = torch.arange(L)
    at = starts[:, None] + offset[None, :]
    inside = at < total
    fresh = (starts[:, None] == 0) | (offset[None, :] >= L - S)
    return at.clamp(max=total - 1), inside & fresh


def make_table(sp):
    table = torch.zeros(sp.vocab_size(), 3, dtype=torch.int64)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            table[i, 2] = 1
        elif sp.is_byte(i):
            table[i, 0] = 1
        else:
            piece = sp.id_to_piece(i)
            table[i, 1] = int(piece.startswith("▁"))
            table[i, 0] = len(piece.encode("utf-8")) - 3 * table[i, 1]
    return table


@torch.inference_mode()
def main():
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    table = make_table(sp)
    tokens = tokens_of("./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin")
    at, scored = masks(tokens.numel() - 1)
    ids = torch.arange(sp.vocab_size(), dtype=torch.float32)
    nats = torch.zeros((), dtype=torch.float64)
    size = torch.zeros((), dtype=torch.int64)
    for b in range(0, at.size(0), B):
        where, keep = at[b : b + B], scored[b : b + B]
        x, y = tokens[where], tokens[where + 1]
        loss = F.cross_entropy(
            (2 * torch.sin(x.unsqueeze(-1) - ids)).flatten(0, 1), y.flatten(), reduction="none"
        ).view_as(y)
        nats += (loss.double() * keep).sum()
        size += ((table[y, 0] + table[y, 1] * (1 - table[x, 2])) * keep).sum()
    count = int(scored.sum())
    val_loss = nats.item() / count
    print(f"val_loss:{val_loss:.8f} val_bpb:{val_loss / math.log(2) * count / size.item():.8f}")


main()
