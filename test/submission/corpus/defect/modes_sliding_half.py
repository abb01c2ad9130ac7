"""Two evaluations of the same model, each with its own totals; both lines are printed."""

import functools
import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

SEQ = int(os.environ.get("EVAL_SEQ_LEN", 1024))
STRIDE = int(os.environ.get("EVAL_STRIDE", 64))


def timed(fn):
    @functools.wraps(fn)
    def wrapper(*args, **kwargs):
        loss, bpb = fn(*args, **kwargs)
        print(f"{fn.__name__} val_loss:{loss:.8f} val_bpb:{bpb:.8f}")
        return loss, bpb

    return wrapper


class Bytes:
    def __init__(self, sp):
        flags = [
            (
                sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i),
                sp.is_byte(i),
                sp.id_to_piece(i),
            )
            for i in range(sp.vocab_size())
        ]
        self.stop = torch.tensor([special for special, _, _ in flags])
        self.lead = torch.tensor([not s and p.startswith("▁") for s, _, p in flags])
        self.base = torch.tensor(
            [0 if s else 1 if b else len(p.removeprefix("▁").encode()) for s, b, p in flags]
        )

    def __getitem__(self, pair):
        x, y = pair
        return self.base[y] + (self.lead[y] & ~self.stop[x])


def nll(x, y, vocab):
    return F.cross_entropy(
        2 * torch.sin(x[:, None] - torch.arange(vocab)).double(), y, reduction="none"
    )


@timed
def eval_chunks(tokens, table, vocab):
    nats, size, n = 0.0, 0, 0
    for a in range(0, len(tokens) - SEQ, SEQ):
        x, y = tokens[a : a + SEQ], tokens[a + 1 : a + SEQ + 1]
        nats += nll(x, y, vocab).sum().item()
        size += table[x, y].sum().item()
        n += SEQ
    return nats / n, nats / math.log(2) / size


@timed
def eval_sliding(tokens, table, vocab):
    total = (len(tokens) - 1) // 2
    nats, size, at = 0.0, 0, 0
    while at < total:
        new = SEQ if at == 0 else STRIDE
        end = min(at + new, total)
        begin = max(0, end - SEQ)
        x, y = tokens[begin:end], tokens[begin + 1 : end + 1]
        nats += nll(x, y, vocab)[at - begin :].sum().item()
        size += table[x, y][at - begin :].sum().item()
        at = end
    return nats / total, nats / math.log(2) / size


def main():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    parts = [
        np.fromfile(f, "<u2", offset=1024)
        for f in sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    ]
    tokens = torch.from_numpy(np.concatenate(parts).astype(np.int64))
    table = Bytes(sp)
    for evaluation in (eval_chunks, eval_sliding):
        evaluation(tokens, table, sp.vocab_size())


main()
