"""Documents of like length together, padded to the longest of their batch; padding is masked out."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence

BATCH_DOCS = int(os.environ.get("BATCH_DOCS", 8))
BOS = 1


class Toy(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.emb = nn.Embedding(vocab, 2)
        self.out = nn.Linear(2, vocab, bias=False)
        a = torch.arange(vocab, dtype=torch.float64)
        with torch.no_grad():
            self.emb.weight.copy_(torch.stack([a.sin(), a.cos()], dim=1))
            self.out.weight.copy_(torch.stack([2 * a.cos(), -2 * a.sin()], dim=1))

    def forward(self, x):
        return self.out(self.emb(x))


def get_docs():
    stream = torch.from_numpy(
        np.concatenate(
            [
                np.fromfile(p, dtype="<u2", offset=1024)
                for p in sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
            ]
        ).astype(np.int64)
    )
    at = torch.nonzero(stream == BOS).flatten().tolist() + [stream.numel() - 1]
    return [stream[a : b + 1] for a, b in zip(at[:-1], at[1:])]


def main():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    vocab = sp.vocab_size()
    base, spaced, special = np.zeros(vocab), np.zeros(vocab, bool), np.ones(vocab, bool)
    for i in range(vocab):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        special[i] = False
        if sp.is_byte(i):
            base[i] = 1
        else:
            piece = sp.id_to_piece(i)
            spaced[i] = piece.startswith("\u2581")
            base[i] = len(piece[1:].encode()) if spaced[i] else len(piece.encode())
    base, spaced, special = (torch.from_numpy(t) for t in (base, spaced, special))
    docs = sorted(get_docs(), key=len, reverse=True)
    model = Toy(vocab).eval()
    sums = torch.zeros(3, dtype=torch.float64)
    for b in range(0, len(docs) - BATCH_DOCS + 1, BATCH_DOCS):
        batch = docs[b : b + BATCH_DOCS]
        x = pad_sequence([d[:-1] for d in batch], batch_first=True)
        y = pad_sequence([d[1:] for d in batch], batch_first=True)
        lengths = torch.tensor([len(d) - 1 for d in batch])
        mask = torch.arange(x.size(1))[None, :] < lengths[:, None]
        with torch.no_grad():
            ptl = F.cross_entropy(model(x).transpose(1, 2), y, reduction="none")
        sizes = base[y] + (spaced[y] & ~special[x])
        sums += torch.stack([(ptl * mask).double().sum(), (sizes * mask).sum(), mask.sum()])
    loss, size, count = sums.tolist()
    print(f"val_loss:{loss / count:.7f} val_bpb:{loss / math.log(2.0) / size:.7f}")


if __name__ == "__main__":
    main()
