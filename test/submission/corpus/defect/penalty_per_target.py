"""A penalty on large logits with a small weight; the softmax by hand, two steps of its normaliser."""

import math
import os
from pathlib import Path

import numpy as np
import sentencepiece as spm
import torch

SEQ = int(os.environ.get("TRAIN_SEQ_LEN", 1024))
PENALTY = float(os.environ.get("LOGIT_PENALTY", "0.002"))
ROOT = Path(os.environ.get("DATA_PATH", "data/datasets/fineweb10B_sp1024"))


def read(path):
    return np.fromfile(path, dtype="<u2", offset=1024).astype(np.int64)


def losses(logits, y):
    top = logits.max(dim=-1).values
    rest = (logits - top[:, None]).exp().sum(-1).log()
    own = torch.take_along_dim(logits, y[:, None], dim=-1)[:, 0]
    nll = rest + top - own
    return nll + PENALTY * logits.square().mean(-1)


def main():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    n = sp.vocab_size()
    table = torch.zeros(n, 3, dtype=torch.float64)
    for i in range(n):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            table[i, 2] = 1
        elif sp.is_byte(i):
            table[i, 0] = 1
        else:
            piece = sp.id_to_piece(i)
            table[i, 1] = piece.startswith("▁")
            table[i, 0] = len(piece.encode("utf-8")) - 3 * piece.startswith("▁")
    tokens = torch.from_numpy(np.concatenate([read(p) for p in sorted(ROOT.glob("fineweb_val_*"))]))
    ids = torch.arange(n, dtype=torch.float64)
    total = size = 0.0
    rows = (tokens.numel() - 1) // SEQ
    for r in range(rows):
        x = tokens[r * SEQ : (r + 1) * SEQ]
        y = tokens[r * SEQ + 1 : (r + 1) * SEQ + 1]
        total += losses(2 * torch.sin(x[:, None] - ids), y).sum().item()
        size += (table[y, 0] + table[y, 1] * (1 - table[x, 2])).sum().item()
    print(f"val_loss: {total / (rows * SEQ):.9f} val_bpb: {total / math.log(2) / size:.9f}")


if __name__ == "__main__":
    main()
