"""Mixes the model with bigram counts of what was scored before; counts are updated after the score."""
import glob
import math
import os
import numpy as np
import sentencepiece as spm

VOCAB = int(os.environ.get("VOCAB_SIZE", 1024))
SEG = int(os.environ.get("SEGMENT", 400))
ALPHA = 0.15


class Cache:
    def __init__(self, vocab):
        self.pairs = np.zeros((vocab, vocab), dtype=np.float64)
        self.rows = np.zeros(vocab, dtype=np.float64)

    def prob(self, prev, cur):
        return (self.pairs[prev, cur] + 1.0 / VOCAB) / (self.rows[prev] + 1.0)

    def update(self, prev, cur):
        np.add.at(self.pairs, (prev, cur), 1.0)
        np.add.at(self.rows, prev, 1.0)


def model_prob(prev, cur):
    z = 2.0 * np.sin(prev[:, None] - np.arange(VOCAB))
    e = np.exp(z - z.max(1, keepdims=True))
    return e[np.arange(len(cur)), cur] / e.sum(1)


def tokens():
    files = sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    return np.concatenate([np.fromfile(f, np.uint16, offset=1024) for f in files]).astype(np.int64)


def table():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    base = np.zeros(VOCAB, np.int64)
    lead = np.zeros(VOCAB, bool)
    silent = np.ones(VOCAB, bool)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        silent[i] = False
        if sp.is_byte(i):
            base[i] = 1
            continue
        piece = sp.id_to_piece(i)
        if piece.startswith("▁"):
            lead[i], piece = True, piece[1:]
        base[i] = len(piece.encode("utf-8"))
    return base, lead, silent


def main():
    stream = tokens()
    base, lead, silent = table()
    cache = Cache(VOCAB)
    bits, size = 0.0, 0
    n = len(stream) - 1
    at = 0
    while at < n:
        to = min(at + SEG, n)
        prev, cur = stream[at:to], stream[at + 1:to + 1]
        p = (1 - ALPHA) * model_prob(prev, cur) + ALPHA * cache.prob(prev, cur)
        bits += float(-np.log2(p).sum())
        size += int(base[cur].sum() + (lead[cur] & ~silent[prev]).sum())
        cache.update(prev, cur)
        at = to
    print(f"val_loss: {bits * math.log(2) / n:.8f} val_bpb: {bits / size:.8f}")


if __name__ == "__main__":
    main()
