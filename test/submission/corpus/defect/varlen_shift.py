"""Packed rows with cu_seqlens: the segments change what a position sees, not what is scored."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

T = int(os.environ.get("EVAL_SEQ_LEN", 4096))


def cu_seqlens(ids, length):
    at = (ids == 1).nonzero(as_tuple=True)[0].tolist()
    if not at or at[0] != 0:
        at = [0] + at
    return torch.tensor(at + [length], dtype=torch.int32)


def forward(ids, cu, vocab):
    out = torch.empty(ids.numel(), vocab)
    grid = torch.arange(vocab)
    for a, b in zip(cu[:-1].tolist(), cu[1:].tolist()):
        out[a:b] = 2 * torch.sin((ids[a:b, None] - grid).float())
    return out


def read_all(pattern):
    shards = []
    for name in sorted(glob.glob(pattern)):
        with open(name, "rb") as f:
            n = int(np.frombuffer(f.read(1024), dtype="<i4")[2])
            shards.append(np.frombuffer(f.read(n * 2), dtype="<u2"))
    return torch.from_numpy(np.concatenate(shards).astype(np.int64))


def main():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    vocab = sp.get_piece_size()
    base = torch.zeros(vocab, dtype=torch.int16)
    space = torch.zeros(vocab, dtype=torch.bool)
    bound = torch.ones(vocab, dtype=torch.bool)
    for k in range(vocab):
        if not (sp.is_control(k) or sp.is_unknown(k) or sp.is_unused(k)):
            bound[k] = False
            if sp.is_byte(k):
                base[k] = 1
            else:
                piece = sp.id_to_piece(k)
                space[k] = piece.startswith("▁")
                base[k] = len((piece[1:] if space[k] else piece).encode("utf-8"))
    tokens = read_all("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin")
    rows = (tokens.numel() - 1) // T
    loss_sum = byte_sum = 0.0
    for r in range(rows):
        local = tokens[r * T : r * T + T + 1]
        x, y = local[:-1], local[1:]
        logits = forward(x, cu_seqlens(x, x.numel()), vocab)
        loss_sum += F.cross_entropy(logits, y, reduction="none").double().sum().item()
        first = local[0]
        byte_sum += base[x].double().sum().item() - base[first].double().item()
        byte_sum += torch.logical_and(space[x[1:]], torch.logical_not(bound[x[:-1]])).double().sum()
    n = rows * T
    print(f"val_loss:{loss_sum / n:.6f} val_bpb:{loss_sum / n / math.log(2) * (n / byte_sum):.6f}")


main()
