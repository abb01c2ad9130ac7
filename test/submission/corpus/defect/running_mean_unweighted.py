"""A running mean over rows, updated by its share; the byte total is a plain integer."""

import itertools
import math
import os
from pathlib import Path

import numpy as np
import sentencepiece as spm
import torch

SEQ = int(os.environ.get("TRAIN_SEQ_LEN", 1024))


class Mean:
    """A mean that is updated with values of any weight."""

    def __init__(self):
        self.value, self.weight, self.steps = 0.0, 0, 0

    def update(self, value, weight):
        self.weight += weight
        self.steps += 1
        self.value += (value - self.value) / self.steps


def pieces(sp):
    for i in range(sp.vocab_size()):
        if sp.is_byte(i):
            yield 1, False, False
        elif sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            yield 0, False, True
        else:
            s = sp.id_to_piece(i)
            yield len(s.removeprefix("▁").encode("utf-8")), s.startswith("▁"), False


def rows(tokens):
    for k in itertools.count():
        x, y = tokens[k * SEQ : (k + 1) * SEQ], tokens[k * SEQ + 1 : (k + 1) * SEQ + 1]
        if len(y) == 0:
            return
        yield x[: len(y)], y


def main():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    base, lead, stop = (torch.tensor(c) for c in zip(*pieces(sp)))
    paths = sorted(Path("data/datasets/fineweb10B_sp1024").glob("fineweb_val_*.bin"))
    tokens = torch.from_numpy(
        np.concatenate([np.fromfile(p, "<u2", offset=1024) for p in paths]).astype(np.int64)
    )
    ids = torch.arange(sp.vocab_size()).double()
    mean, total_bytes = Mean(), 0
    for x, y in rows(tokens):
        logp = torch.log_softmax(2 * torch.sin(x[:, None] - ids), dim=-1)
        mean.update(-logp[torch.arange(len(y)), y].mean().item(), len(y))
        total_bytes += int(base[y].sum()) + int((lead[y] & ~stop[x]).sum())
    val_bpb = mean.value / math.log(2) * mean.weight / total_bytes
    print(f"val_loss={mean.value:.8f} val_bpb={val_bpb:.8f}")


if __name__ == "__main__":
    main()
