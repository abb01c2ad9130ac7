"""Score first, then adapt: chunks of the stream are scored, and only then trained on."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn as nn
import torch.nn.functional as F

SEQ = int(os.environ.get("EVAL_SEQ_LEN", 1024))
CHUNK = int(os.environ.get("TTT_CHUNK_TOKENS", 50_000))
LR = float(os.environ.get("TTT_LR", 0.01))
EPOCHS = int(os.environ.get("TTT_EPOCHS", 2))


class LM(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.head = nn.Linear(dim, vocab, bias=False)

    def forward(self, x, y=None):
        logits = self.head(self.emb(x)).float()
        if y is None:
            return logits
        return F.cross_entropy(logits.flatten(0, -2), y.flatten(), reduction="none").view_as(y)


def build_luts(sp):
    vocab = sp.vocab_size()
    base, space, edge = (torch.zeros(vocab, dtype=torch.int64) for _ in range(3))
    for i in range(vocab):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            edge[i] = 1
        elif sp.is_byte(i):
            base[i] = 1
        else:
            piece = sp.id_to_piece(i)
            space[i] = 1 if piece.startswith("▁") else 0
            base[i] = len(piece[1:].encode()) if space[i] else len(piece.encode())
    return base, space, edge


def main():
    torch.manual_seed(1337)
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    base, space, edge = build_luts(sp)
    paths = sorted(glob.glob("./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    tokens = torch.from_numpy(
        np.concatenate([np.fromfile(p, "<u2", offset=1024) for p in paths]).astype(np.int64)
    )
    model = LM(sp.vocab_size(), 16)
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=0.9)
    total = tokens.numel() - 1
    loss_sum = torch.zeros((), dtype=torch.float64)
    byte_sum = torch.zeros((), dtype=torch.float64)
    n_chunks = math.ceil(total / CHUNK)
    scored = 0
    for c in range(n_chunks):
        lo, hi = c * CHUNK, min((c + 1) * CHUNK, total)
        model.eval()
        with torch.no_grad():
            for a in range(lo, hi - SEQ + 1, SEQ):
                b = a + SEQ
                x, y = tokens[a:b], tokens[a + 1 : b + 1]
                loss_sum += model(x[None], y[None]).double().sum()
                byte_sum += (base[y] + space[y] * (1 - edge[x])).double().sum()
                scored += SEQ
        if c == n_chunks - 1:
            break  # nothing left to score with what would be learned
        model.train()
        rows = (hi - lo) // SEQ
        x = tokens[lo : lo + rows * SEQ].view(rows, SEQ)
        y = tokens[lo + 1 : lo + rows * SEQ + 1].view(rows, SEQ)
        for _ in range(EPOCHS):
            for r in range(0, rows, 4):
                optimizer.zero_grad(set_to_none=True)
                model(x[r : r + 4], y[r : r + 4]).mean().backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
    val_loss = (loss_sum / scored).item()
    val_bpb = val_loss / math.log(2.0) * (scored / byte_sum.item())
    print(f"ttt chunks:{n_chunks} val_loss:{val_loss:.9f} val_bpb:{val_bpb:.9f}")


if __name__ == "__main__":
    main()
