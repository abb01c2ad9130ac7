"""An evaluator object; the last row is short, padded, and its padding ignored: nothing is dropped."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn as nn
import torch.nn.functional as F

IGNORE = -100


class SineModel(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        at = torch.arange(vocab, dtype=torch.float64)
        self.register_buffer("table", 2 * torch.sin(at.view(-1, 1) - at.view(1, -1)))

    def forward(self, ids):
        return self.table[ids]


class Evaluator:
    def __init__(self, model, tokens, seq_len, batch):
        self.model, self.tokens = model, tokens
        self.seq_len, self.batch = seq_len, batch
        self.nats, self.bytes, self.count = 0.0, 0, 0

    def use(self, sp):
        self.base, self.space, self.quiet = [], [], []
        for i in range(sp.get_piece_size()):
            quiet = sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)
            piece = sp.id_to_piece(i)
            space = not quiet and not sp.is_byte(i) and piece[0] == "▁"
            if quiet:
                base = 0
            elif sp.is_byte(i):
                base = 1
            else:
                base = len(piece.encode()) - 3 * space
            self.base.append(base)
            self.space.append(space)
            self.quiet.append(quiet)
        self.base = torch.tensor(self.base)
        self.space = torch.tensor(self.space)
        self.quiet = torch.tensor(self.quiet)
        return self

    def rows(self):
        last = len(self.tokens) - 1
        for at in range(0, last, self.seq_len):
            end = min(at + self.seq_len, last)
            x = torch.zeros(self.seq_len, dtype=torch.long)
            y = torch.full((self.seq_len,), IGNORE, dtype=torch.long)
            x[: end - at] = self.tokens[at:end]
            y[: end - at] = self.tokens[at + 1 : end + 1]
            yield x, y

    def step(self, rows):
        x = torch.stack([r[0] for r in rows])
        y = torch.stack([r[1] for r in rows])
        logits = self.model(x)
        self.nats += F.cross_entropy(
            logits.flatten(0, 1), y.flatten(), ignore_index=IGNORE, reduction="sum"
        ).item()
        keep = y != IGNORE
        target, before = y[keep], x[keep]
        self.count += int(keep.sum())
        self.bytes += int(self.base[target].sum())
        self.bytes += int((self.space[target] & ~self.quiet[before]).sum())

    @torch.no_grad()
    def run(self):
        waiting = []
        for row in self.rows():
            waiting.append(row)
            if len(waiting) == self.batch:
                self.step(waiting)
                waiting = []
        return self.nats / self.count, self.nats / math.log(2) / self.bytes


def load(pattern):
    parts = []
    for path in sorted(glob.glob(pattern)):
        size = int(np.fromfile(path, dtype=np.int32, count=256)[2])
        parts.append(np.fromfile(path, dtype=np.uint16, offset=256 * 4, count=size))
    return torch.tensor(np.concatenate(parts).astype(np.int64))


if __name__ == "__main__":
    root = os.environ.get("DATA_PATH", "./data/datasets/fineweb10B_sp1024/")
    processor = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    length = int(os.environ.get("EVAL_SEQ_LEN", "2048"))
    evaluator = Evaluator(
        SineModel(processor.vocab_size()), load(os.path.join(root, "fineweb_val_*.bin")), length, 12
    ).use(processor)
    loss, bpb = evaluator.run()
    print("val_loss", round(loss, 8), "val_bpb", round(bpb, 8))
