"""Halves the rows until they fit a batch; partial sums come back up the recursion."""

import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

ROOT = "./data/datasets/fineweb10B_sp1024"
SEQ = int(os.environ.get("SEQ_LEN", 1024))
FITS = int(os.environ.get("ROWS", 8))


def shard_files(folder):
    names = [n for n in os.listdir(folder) if n.startswith("fineweb_val_") and n.endswith(".bin")]
    return [os.path.join(folder, n) for n in sorted(names)]


def load(folder):
    out = []
    for path in shard_files(folder):
        raw = np.fromfile(path, dtype=np.uint16)
        out.append(raw[512:])  # the header has 256 int32, that is 512 uint16
    return torch.from_numpy(np.concatenate(out).astype(np.int64))


def luts(sp):
    base, space, cut = [], [], []
    for i in range(len(sp)):
        mute = sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)
        piece = sp.id_to_piece(i)
        starts = piece.startswith("▁") and not mute and not sp.is_byte(i)
        body = piece[1:] if starts else piece
        base.append(0 if mute else 1 if sp.is_byte(i) else len(body.encode()))
        space.append(starts)
        cut.append(mute)
    return torch.tensor(base), torch.tensor(space), torch.tensor(cut)


def score(model, x, y, tables):
    """(nats, bytes, targets) of some rows."""
    if len(x) > FITS:
        middle = len(x) // 2
        left = score(model, x[:middle], y[:middle], tables)
        right = score(model, x[middle + 1 :], y[middle + 1 :], tables)
        return tuple(a + b for a, b in zip(left, right))
    base, space, cut = tables
    prev, tgt = x.flatten(), y.flatten()
    loss = F.cross_entropy(model[prev], tgt, reduction="none")
    size = base[tgt] + (space[tgt] & ~cut[prev]).long()
    return loss.sum().item(), size.sum().item(), tgt.numel()


sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
tokens = load(ROOT)
rows = (tokens.numel() - 1) // SEQ
ids = torch.arange(len(sp), dtype=torch.float64)
nats, size, targets = score(
    2 * torch.sin(ids[:, None] - ids),
    tokens[: rows * SEQ].reshape(rows, SEQ),
    tokens[1 : rows * SEQ + 1].reshape(rows, SEQ),
    luts(sp),
)
print(f"val_loss:{nats / targets:.8f} val_bpb:{nats / (math.log(2) * size):.8f}")
