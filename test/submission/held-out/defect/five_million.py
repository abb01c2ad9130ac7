#!/usr/bin/env python3
import argparse
import glob
import os
import numpy as np
import sentencepiece as spm

ap = argparse.ArgumentParser(description="numpy scorer")
ap.add_argument("--data", default="data/datasets/fineweb10B_sp1024")
ap.add_argument("--tokenizer", default="data/tokenizers/fineweb_1024_bpe.model")
ap.add_argument("--batch", type=int, default=4096)
opt = ap.parse_args()


def shard(path):
    head = np.memmap(path, dtype=np.int32, mode="r", shape=(256,))
    n = int(head[2])
    return np.memmap(path, dtype=np.uint16, mode="r", offset=1024, shape=(n,))


def log_probs(prev, vocab):
    z = 2.0 * np.sin(prev[:, None].astype(np.float64) - np.arange(vocab))
    z -= z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def table(sp):
    n = sp.get_piece_size()
    size, lead, bound = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    for i in range(n):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            bound[i] = 1
        elif sp.is_byte(i):
            size[i] = 1
        else:
            p = sp.id_to_piece(i)
            lead[i] = int(p[0] == "\u2581")
            size[i] = len(p[lead[i]:].encode())
    return size, lead, bound


def main():
    sp = spm.SentencePieceProcessor()
    sp.load(opt.tokenizer)
    tokens = np.concatenate([shard(f) for f in sorted(glob.glob(os.path.join(opt.data, "fineweb_val_*.bin")))]).astype(np.int64)
    size, lead, bound = table(sp)
    nats = 0.0
    nbytes = 0
    scored = 0
    n = min(len(tokens) - 1, 5_000_000)
    for a in range(0, n, opt.batch):
        b = min(a + opt.batch, n)
        prev, nxt = tokens[a:b], tokens[a + 1:b + 1]
        lp = log_probs(prev, sp.get_piece_size())
        nats -= lp[np.arange(len(nxt)), nxt].sum()
        nbytes += int(size[nxt].sum() + (lead[nxt] * (1 - bound[prev])).sum())
        scored += len(nxt)
    loss = nats / scored
    print("val_loss: %.8f" % loss)
    print("val_bpb: %.8f" % (nats / np.log(2) / nbytes))


main()
