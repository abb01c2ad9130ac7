"""Documents over ranks: contiguous shares, the first ones a document longer where it does not divide."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.distributed as dist
import torch.nn.functional as F

BOS_ID = int(os.environ.get("BOS_ID", 1))


def share(items, rank, world):
    each = len(items) // world
    return items[rank * each : (rank + 1) * each]


def documents(tokens):
    found, start = [], 0
    for at in range(1, len(tokens)):
        if tokens[at] == BOS_ID:
            found.append((start, at))
            start = at
    found.append((start, len(tokens) - 1))
    return found


def read(path):
    header = np.fromfile(path, "<i4", 256)
    return np.fromfile(path, "<u2", header[2], offset=1024).astype(np.int64)


def main():
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if world > 1:
        dist.init_process_group("gloo")
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    base = torch.zeros(sp.vocab_size(), dtype=torch.int64)
    lead = torch.zeros_like(base)
    text = torch.zeros_like(base)
    for i in range(sp.vocab_size()):
        if sp.is_byte(i):
            base[i] = text[i] = 1
        elif not sp.is_control(i) and not sp.is_unknown(i) and not sp.is_unused(i):
            piece = sp.id_to_piece(i)
            text[i] = 1
            lead[i] = piece.startswith("▁")
            base[i] = len(piece.replace("▁", "", 1).encode()) if lead[i] else len(piece.encode())
    paths = sorted(glob.glob("./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    stream = np.concatenate([read(p) for p in paths])
    tokens = torch.from_numpy(stream)
    ids = torch.arange(sp.vocab_size()).double()
    loss_sum, token_sum, byte_sum = (torch.zeros(1, dtype=torch.float64) for _ in range(3))
    for begin, end in share(documents(stream), rank, world):
        x, y = tokens[begin:end], tokens[begin + 1 : end + 1]
        loss_sum += F.cross_entropy(2 * torch.sin(x[:, None] - ids), y, reduction="sum")
        token_sum += len(y)
        byte_sum += (base[y] + lead[y] * text[x]).sum()
    if world > 1:
        for t in [loss_sum, token_sum, byte_sum]:
            dist.all_reduce(t, dist.ReduceOp.SUM)
    loss = (loss_sum / token_sum).item()
    if not rank:
        print(
            f"val_loss:{loss:.8f} val_bpb:{loss / math.log(2) * (token_sum / byte_sum).item():.8f}"
        )
    if world > 1:
        dist.destroy_process_group()


main()
