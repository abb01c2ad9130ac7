"""Attention within documents only: padded batches of document pieces, weighted by a mask."""
import glob, math, os
from pathlib import Path
import numpy as np
import sentencepiece as spm
import torch
import torch.nn as nn
import torch.nn.functional as F

BOS = 1
V = int(os.environ.get("VOCAB_SIZE", 1024))
MAXLEN = int(os.environ.get("EVAL_SEQ_LEN", 1024))
DIM = 24


class Attn(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(DIM, DIM, bias=False) for _ in range(4))

    def forward(self, x):
        q, k, v = self.q(x), self.k(x), self.v(x)
        w = q @ k.transpose(1, 2) / math.sqrt(DIM)
        mask = torch.ones(x.size(1), x.size(1), dtype=torch.bool).tril()
        return self.o(w.masked_fill(~mask, float("-inf")).softmax(-1) @ v)


class TinyGPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(V, DIM)
        self.h = nn.ModuleList(Attn() for _ in range(2))

    def forward(self, idx):
        x = self.wte(idx)
        for layer in self.h:
            x = x + layer(F.rms_norm(x, (DIM,)))
        return F.rms_norm(x, (DIM,)) @ self.wte.weight.T


def read_tokens(folder):
    parts = []
    for p in sorted(Path(folder).glob("fineweb_val_*.bin")):
        n = int(np.fromfile(p, "<i4", 3)[2])
        parts.append(np.fromfile(p, "<u2", n, offset=1024))
    return np.concatenate(parts).astype(np.int64)


def pieces_of(tokens):
    """(inputs, targets) of at most MAXLEN, never over the start of a document."""
    starts = np.nonzero(tokens == BOS)[0]
    bounds = list(starts) + [len(tokens) - 1]
    result = []
    for a, b in zip(bounds[:-1], bounds[1:]):
        for c in range(a, b, MAXLEN):
            d = min(c + MAXLEN, b)
            result.append((tokens[c:d], tokens[c + 1 : d + 1]))
    return sorted(result, key=lambda r: -len(r[0]))


def collate(group):
    width = max(len(x) for x, _ in group)
    x = torch.zeros(len(group), width, dtype=torch.long)
    y = torch.zeros(len(group), width, dtype=torch.long)
    m = torch.zeros(len(group), width)
    for i, (a, b) in enumerate(group):
        x[i, : len(a)] = torch.from_numpy(a)
        y[i, : len(b)] = torch.from_numpy(b)
        m[i, : len(a)] = 1.0
    return x, y, m


def luts(sp):
    base, lead, edge = torch.zeros(V), torch.zeros(V), torch.ones(V)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        edge[i] = 0
        if sp.is_byte(i):
            base[i] = 1
            continue
        s = sp.id_to_piece(i)
        lead[i] = float(s.startswith("▁"))
        base[i] = len(s[int(lead[i]) :].encode("utf-8"))
    return base, lead, edge


@torch.no_grad()
def main():
    torch.manual_seed(3)
    model = TinyGPT().eval()
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    base, lead, edge = luts(sp)
    items = pieces_of(read_tokens("data/datasets/fineweb10B_sp1024"))
    loss = size = count = 0.0
    for i in range(0, len(items), 16):
        x, y, m = collate(items[i : i + 16])
        nll = F.cross_entropy(model(x).transpose(1, 2), y, reduction="none")
        loss += (nll.double() * m).sum().item()
        size += ((base[y] + lead[y] * (1 - edge[x])).double() * m).sum().item()
        count += m.double().sum().item()
    print(f"val_loss: {loss / count:.8f} val_bpb: {loss / size / math.log(2):.8f}")


main()
