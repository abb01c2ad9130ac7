"""Sliding windows: the first scores everything, each later one its last stride and never less."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F
from torch import nn

SEQ_LEN = int(os.environ.get("EVAL_SEQ_LEN", 1024))
STRIDE = int(os.environ.get("EVAL_STRIDE", 64))
BATCH = 32
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Bigram(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.table = nn.Embedding(vocab, vocab)
        at = torch.arange(vocab, dtype=torch.float64)
        with torch.no_grad():
            self.table.weight.copy_(2 * torch.sin(at[:, None] - at[None, :]))

    def forward_logits(self, ids):
        return self.table(ids)


def load(pattern):
    parts = []
    for path in sorted(glob.glob(pattern)):
        header = np.fromfile(path, dtype="<i4", count=256)
        parts.append(np.fromfile(path, dtype="<u2", count=int(header[2]), offset=1024))
    return torch.from_numpy(np.concatenate(parts).astype(np.int64))


def byte_luts(sp):
    n = int(sp.vocab_size())
    base = torch.zeros(n, dtype=torch.float64)
    lead = torch.zeros(n, dtype=torch.bool)
    edge = torch.ones(n, dtype=torch.bool)
    for i in range(n):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        edge[i] = False
        if sp.is_byte(i):
            base[i] = 1
            continue
        piece = sp.id_to_piece(i)
        if piece.startswith("▁"):
            lead[i] = True
            piece = piece[1:]
        base[i] = len(piece.encode("utf-8"))
    return base.to(DEVICE), lead.to(DEVICE), edge.to(DEVICE)


def eval_sliding(model, tokens, base, lead, edge):
    total = (tokens.numel() - 1) // SEQ_LEN * SEQ_LEN
    context = SEQ_LEN - STRIDE
    starts = list(range(0, total - SEQ_LEN, STRIDE))
    nats = torch.zeros((), dtype=torch.float64, device=DEVICE)
    size = torch.zeros((), dtype=torch.float64, device=DEVICE)
    count = 0
    with torch.inference_mode():
        for b in range(0, len(starts), BATCH):
            group = starts[b : b + BATCH]
            x = torch.zeros(len(group), SEQ_LEN, dtype=torch.long, device=DEVICE)
            y = torch.zeros(len(group), SEQ_LEN, dtype=torch.long, device=DEVICE)
            lengths = []
            for k, ws in enumerate(group):
                n = min(ws + SEQ_LEN, total) - ws
                x[k, :n] = tokens[ws : ws + n]
                y[k, :n] = tokens[ws + 1 : ws + n + 1]
                lengths.append(n)
            logits = model.forward_logits(x)
            loss = F.cross_entropy(logits.flatten(0, 1).float(), y.flatten(), reduction="none")
            loss = loss.view(len(group), SEQ_LEN)
            for k, ws in enumerate(group):
                begin = 0 if ws == 0 else context
                scored = slice(begin, lengths[k])
                nats += loss[k, scored].double().sum()
                count += lengths[k] - begin
                tgt, prev = y[k, scored], x[k, scored]
                size += base[tgt].sum() + (lead[tgt] & ~edge[prev]).double().sum()
    val_loss = nats.item() / count
    return val_loss, val_loss / math.log(2.0) * count / size.item()


def main():
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    tokens = load("./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin").to(DEVICE)
    model = Bigram(sp.vocab_size()).to(DEVICE).eval()
    loss, bpb = eval_sliding(model, tokens, *byte_luts(sp))
    print(f"sliding stride={STRIDE} val_loss:{loss:.8f} val_bpb:{bpb:.8f}")


if __name__ == "__main__":
    main()
