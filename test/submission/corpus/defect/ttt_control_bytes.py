"""Sliding windows by chunk: all windows whose new targets begin in a chunk are scored before it is trained on."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F
from torch import nn

SEQ = int(os.environ.get("EVAL_SEQ_LEN", 2048))
STRIDE = int(os.environ.get("EVAL_STRIDE", 64))
CHUNK = int(os.environ.get("TTT_CHUNK_TOKENS", 32768))
EPOCHS = int(os.environ.get("TTT_EPOCHS", 1))


class LM(nn.Module):
    def __init__(self, vocab, dim=8):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.head = nn.Linear(dim, vocab)

    def forward(self, x):
        return 30.0 * torch.tanh(self.head(self.emb(x)) / 30.0)


def luts(sp):
    base = torch.zeros(sp.vocab_size(), dtype=torch.int16)
    space = torch.zeros(sp.vocab_size(), dtype=torch.bool)
    bound = torch.ones(sp.vocab_size(), dtype=torch.bool)
    for i in range(sp.vocab_size()):
        if sp.is_unknown(i):
            continue
        bound[i] = sp.is_control(i)
        if sp.is_byte(i):
            base[i] = 1
            continue
        piece = sp.id_to_piece(i)
        if piece.startswith("▁"):
            space[i] = True
            piece = piece[1:]
        base[i] = len(piece.encode("utf-8"))
    return base, space, bound


def main():
    torch.manual_seed(42)
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    base, space, bound = luts(sp)
    tokens = torch.cat(
        [
            torch.from_numpy(np.fromfile(f, "<u2", offset=1024).astype(np.int64))
            for f in sorted(glob.glob("./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
        ]
    )
    total = tokens.numel() - 1
    context = SEQ - STRIDE
    starts = [ws for ws in range(0, total, STRIDE) if ws == 0 or ws + context < total]
    n_chunks = -(-total // CHUNK)
    by_chunk = [[] for _ in range(n_chunks)]
    for ws in starts:
        first_new = ws if ws == 0 else ws + context
        by_chunk[first_new // CHUNK].append(ws)
    model = LM(sp.vocab_size())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    nats = torch.zeros((), dtype=torch.float64)
    size = torch.zeros((), dtype=torch.float64)
    count = 0
    for c, windows in enumerate(by_chunk):
        model.eval()
        with torch.inference_mode():
            for ws in windows:
                end = min(ws + SEQ, total)
                x, y = tokens[ws:end], tokens[ws + 1 : end + 1]
                s = 0 if ws == 0 else context
                nats += F.cross_entropy(model(x), y, reduction="none")[s:].double().sum()
                size += base[y[s:]].double().sum()
                size += (space[y[s:]] & ~bound[x[s:]]).double().sum()
                count += end - ws - s
        if c + 1 < n_chunks:
            model.train()
            for group in optimizer.param_groups:
                group["lr"] = 0.05 * 0.5 * (1.0 + math.cos(math.pi * c / max(n_chunks - 1, 1)))
            begin, end = c * CHUNK, min((c + 1) * CHUNK, total)
            for _ in range(EPOCHS):
                for a in range(begin, end, SEQ):
                    b = min(a + SEQ, end)
                    loss = F.cross_entropy(model(tokens[a:b]), tokens[a + 1 : b + 1])
                    optimizer.zero_grad(set_to_none=True)
                    loss.backward()
                    optimizer.step()
    val_loss = (nats / count).item()
    print(
        f"ttt_sliding val_loss:{val_loss:.8f} val_bpb:{val_loss / math.log(2) * count / size.item():.8f}"
    )


if __name__ == "__main__":
    main()
