"""Whole windows by stride; one last window, anchored at the end, scores what they left over."""

import math
import os
from glob import glob

import numpy as np
import sentencepiece as spm
import torch
from torch import nn


class Config:
    def __init__(self, env=os.environ):
        self.seq_len = int(env.get("EVAL_SEQ_LEN", 2048))
        self.stride = int(env.get("EVAL_STRIDE", 256))
        self.data = env.get("DATA_PATH", "data/datasets/fineweb10B_sp1024")
        self.tokenizer = env.get("TOKENIZER_PATH", "data/tokenizers/fineweb_1024_bpe.model")


class Model(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        i = torch.arange(vocab).double()
        self.weight = nn.Parameter(2 * torch.sin(i[:, None] - i), requires_grad=False)

    def nll(self, x, y):
        return nn.functional.cross_entropy(self.weight[x], y, reduction="none")


def luts(sp):
    base, lead, sep = [], [], []
    for i in range(sp.vocab_size()):
        p, b, s = sp.id_to_piece(i), sp.is_byte(i), False
        e = sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)
        if not (e or b) and p.startswith("▁"):
            s, p = True, p[1:]
        base.append(0 if e else (1 if b else len(p.encode("utf-8"))))
        lead.append(s)
        sep.append(e)
    return map(torch.tensor, (base, lead, sep))


def main(cfg):
    sp = spm.SentencePieceProcessor(model_file=cfg.tokenizer)
    base, lead, sep = luts(sp)
    tokens = torch.cat(
        [
            torch.from_numpy(np.fromfile(f, np.uint16, offset=1024).astype(np.int64))
            for f in sorted(glob(f"{cfg.data}/fineweb_val_*.bin"))
        ]
    )
    model = Model(sp.vocab_size())
    total = tokens.numel() - 1
    nats, size, seen = 0.0, 0, 0

    def score(start, first):
        nonlocal nats, size, seen
        x = tokens[start : start + cfg.seq_len]
        y = tokens[start + 1 : start + cfg.seq_len + 1]
        nats += model.nll(x, y)[first:].sum().item()
        size += int(base[y[first:]].sum() + (lead[y[first:]] & ~sep[x[first:]]).sum())
        seen += len(y) - first

    for start in range(0, total - cfg.seq_len + 1, cfg.stride):
        score(start, 0 if start == 0 else cfg.seq_len - cfg.stride)
    if seen < total:
        start = total - cfg.seq_len
        score(start, seen - start)
    assert seen == total, (seen, total)
    print(f"val_loss={nats / total:.8f}, val_bpb={nats / math.log(2) / size:.8f}")


if __name__ == "__main__":
    main(Config())
