"""Documents are scored apart; the start of the next one is the last target of each."""
import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

BOS = 1
DATASET = os.environ.get("DATA_PATH", "data/datasets/fineweb10B_sp1024")
CHUNK = int(os.environ.get("CHUNK", 48))
CONTEXT = int(os.environ.get("EVAL_SEQ_LEN", 1024))


def read_all():
    out = []
    for path in sorted(glob.glob(os.path.join(DATASET, "fineweb_val_*.bin"))):
        header = np.fromfile(path, dtype="<i4", count=256)
        out.append(np.fromfile(path, dtype="<u2", count=int(header[2]), offset=1024).astype(np.int64))
    return torch.from_numpy(np.concatenate(out))


def spans(tokens):
    starts = (tokens == BOS).nonzero().flatten().tolist()
    ends = starts[1:] + [tokens.numel() - 1]
    for s, e in zip(starts, ends):
        yield s, e  # inputs s..e-1, targets s+1..e


def chunks(n):
    for first in range(CHUNK, n, CHUNK):
        last = min(first + CHUNK, n)
        yield max(0, last - CONTEXT), first, last


class Table:
    def __init__(self, path):
        sp = spm.SentencePieceProcessor(model_file=path)
        n = sp.vocab_size()
        self.base = torch.zeros(n)
        self.space = torch.zeros(n, dtype=torch.bool)
        self.quiet = torch.zeros(n, dtype=torch.bool)
        for i in range(n):
            if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
                self.quiet[i] = True
                continue
            if sp.is_byte(i):
                self.base[i] = 1
                continue
            piece = sp.id_to_piece(i)
            if piece.startswith("▁"):
                self.space[i] = True
                piece = piece[1:]
            self.base[i] = len(piece.encode("utf-8"))

    def of(self, x, y):
        return self.base[y].double() + (self.space[y] & ~self.quiet[x])


def main():
    tokens = read_all()
    table = Table("data/tokenizers/fineweb_1024_bpe.model")
    weights = torch.load("final_model.pt")
    nats = torch.zeros((), dtype=torch.float64)
    size = torch.zeros((), dtype=torch.float64)
    count = 0
    for s, e in spans(tokens):
        inputs, targets = tokens[s:e], tokens[s + 1 : e + 1]
        for begin, first, last in chunks(e - s):
            logits = weights["emb.weight"][inputs[begin:last]] @ weights["head.weight"].T
            loss = F.cross_entropy(logits.float(), targets[begin:last], reduction="none")
            nats += loss[first - begin :].double().sum()
            size += table.of(inputs[first:last], targets[first:last]).sum()
            count += last - first
    loss = float(nats) / count
    print(f"docs val_loss:{loss:.8f} val_bpb:{float(nats) / math.log(2) / float(size):.8f}")


if __name__ == "__main__":
    main()
