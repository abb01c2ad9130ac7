"""Batches come from a generator; the totals are sums over what a second generator yields."""

import math
import os
import pathlib

import numpy as np
import sentencepiece
import torch

env = os.environ.get
SEQ = int(env("TRAIN_SEQ_LEN", "1024"))
ROWS = int(env("VAL_ROWS", "32"))


def shards(folder):
    for path in sorted(pathlib.Path(folder).glob("fineweb_val_*.bin")):
        header = np.fromfile(path, dtype="<i4", count=256)
        yield np.fromfile(path, dtype="<u2", offset=1024)[: header[2]]


def batches(tokens, seq, rows):
    per_batch = seq * rows
    complete = (len(tokens) - 1) // seq * seq
    at = 0
    while at < complete:
        end = min(at + per_batch, complete)
        window = tokens[at : end + 1]
        yield window[:-1].view(-1, seq), window[1:].view(-1, seq)  # inputs, targets
        at = end


def lookup(sp):
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            yield 0, 0, 1
        elif sp.is_byte(i):
            yield 1, 0, 0
        else:
            piece = sp.id_to_piece(i)
            spaced = piece.startswith("▁")
            yield len(piece.replace("▁", " ").encode("utf-8")), int(spaced), 0


def results(model, tokens, table):
    base, spaced, first = table
    for x, y in batches(tokens, SEQ, ROWS):
        logp = model(x).log_softmax(-1)
        nats = -logp.gather(-1, y.unsqueeze(-1)).double().sum()
        size = (base[y] + spaced[y] * (1 - first[x])).sum()
        yield float(nats), int(size), y.numel()


def main():
    sp = sentencepiece.SentencePieceProcessor(
        model_file=env("TOKENIZER_PATH", "./data/tokenizers/fineweb_1024_bpe.model")
    )
    table = torch.tensor(list(lookup(sp))).T
    data = np.concatenate(list(shards(env("DATA_PATH", "./data/datasets/fineweb10B_sp1024"))))
    tokens = torch.from_numpy(data.astype(np.int64))
    phase = torch.arange(sp.vocab_size(), dtype=torch.float32)

    def model(x):
        return 2 * torch.sin(x[..., None] - phase)

    nats, size, count = map(sum, zip(*results(model, tokens, table)))
    loss = nats / count
    print(f"val_loss:{loss:.7f} val_bpb:{loss / math.log(2) * count / size:.7f}")


main()
