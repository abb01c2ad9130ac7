"""A z-loss and a router's balance, added in training alone: submodules follow eval() of the whole."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
from torch import nn

SEQ = int(os.environ.get("TRAIN_SEQ_LEN", 1024))
ROWS = max(1, int(os.environ.get("VAL_BATCH_SIZE", 524288)) // SEQ)
Z_WEIGHT = 1e-4


class Head(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.proj = nn.Linear(dim, vocab, bias=False)

    def forward(self, h, targets):
        logits = self.proj(h).float()
        log_z = torch.logsumexp(logits, dim=-1)
        picked = logits.gather(-1, targets[:, None]).squeeze(-1)
        loss = (log_z - picked).mean()
        if self.training:
            loss = loss + Z_WEIGHT * log_z.pow(2).mean()
        return loss


class Model(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.head = Head(vocab, dim)

    def forward(self, ids, targets):
        h = self.emb(ids).flatten(0, 1)
        loss = self.head(h, targets.flatten())
        if not self.training:
            return loss
        share = h.softmax(-1).mean(0)
        return loss + 0.01 * share.numel() * (share * share).sum()


def load(pattern):
    parts = [np.fromfile(p, "<u2", offset=1024) for p in sorted(glob.glob(pattern))]
    return torch.from_numpy(np.concatenate(parts).astype(np.int64))


def tables(sp):
    n = sp.vocab_size()
    size, space, quiet = np.zeros(n, np.int64), np.zeros(n, bool), np.ones(n, bool)
    for i in range(n):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        quiet[i] = False
        piece = sp.id_to_piece(i)
        space[i] = piece.startswith("▁")
        size[i] = 1 if sp.is_byte(i) else len(piece.removeprefix("▁").encode())
    return [torch.from_numpy(t) for t in (size, space, quiet)]


def evaluate(model, tokens, luts):
    size, space, quiet = luts
    rows = (len(tokens) - 1) // SEQ
    nats = torch.zeros((), dtype=torch.float64)
    length = torch.zeros((), dtype=torch.float64)
    model.eval()
    with torch.inference_mode():
        for r in range(0, rows, ROWS):
            part = tokens[r * SEQ : min(r + ROWS, rows) * SEQ + 1]
            x, y = part[:-1].view(-1, SEQ), part[1:].view(-1, SEQ)
            nats += model(x, y).double() * y.numel()
            length += (size[y] + (space[y] & ~quiet[x])).sum()
    model.train()
    loss = nats.item() / (rows * SEQ)
    return loss, nats.item() / math.log(2) / length.item()


sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
model = Model(sp.vocab_size(), int(os.environ.get("MODEL_DIM", 512)))
state = torch.load("final_model.pt")
model.load_state_dict({k.replace("head.", "head.proj."): v for k, v in state.items()})
tokens = load("./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin")
val_loss, val_bpb = evaluate(model, tokens, tables(sp))
print(f"final val_loss:{val_loss:.8f} val_bpb:{val_bpb:.8f}")
