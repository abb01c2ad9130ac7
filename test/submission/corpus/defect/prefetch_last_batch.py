"""A thread prepares the next batch while this one is scored; the order is kept."""

import glob
import math
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

SEQ = int(os.environ.get("TRAIN_SEQ_LEN", 1024))
BATCH = int(os.environ.get("VAL_BATCH_SIZE", 65536)) // SEQ


def build_lut(sp):
    def entry(i):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            return [0, 0, 1]
        if sp.is_byte(i):
            return [1, 0, 0]
        text = sp.id_to_piece(i)
        return (
            [len(text[1:].encode()), 1, 0] if text.startswith("▁") else [len(text.encode()), 0, 0]
        )

    with ThreadPoolExecutor(4) as pool:
        return torch.tensor(list(pool.map(entry, range(sp.vocab_size()))))


def main():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    lut = build_lut(sp)
    names = sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    with ThreadPoolExecutor(2) as pool:
        shards = list(pool.map(lambda n: np.fromfile(n, "<u2", offset=1024), names))
    tokens = np.concatenate(shards)
    rows = (len(tokens) - 1) // SEQ

    def batch(first):
        last = min(first + BATCH, rows)
        local = torch.from_numpy(tokens[first * SEQ : last * SEQ + 1].astype(np.int64))
        return local[:-1].view(-1, SEQ), local[1:].view(-1, SEQ)

    ids = torch.arange(sp.vocab_size()).double()
    nats = size = count = 0
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(batch, 0)
        for first in range(0, rows, BATCH):
            x, y = ahead.result()
            if first + BATCH >= rows:
                break
            ahead = pool.submit(batch, first + BATCH)
            logits = 2 * torch.sin(x.unsqueeze(-1) - ids)
            nats += F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum").item()
            size += (lut[y][..., 0] + lut[y][..., 1] * (1 - lut[x][..., 2])).sum().item()
            count += y.numel()
    print(f"val_loss:{nats / count:.8f} val_bpb:{nats / count / math.log(2) * count / size:.8f}")


main()
