"""Totals in a dictionary; a helper reduces each over the ranks where there are several."""

import contextlib
import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.distributed as dist


def env(name, default):
    return type(default)(os.environ.get(name, default))


@contextlib.contextmanager
def process_group():
    world = env("WORLD_SIZE", 1)
    if world > 1:
        dist.init_process_group("gloo")
    try:
        yield env("RANK", 0), world
    finally:
        if world > 1:
            dist.destroy_process_group()


def reduced(totals, world):
    out = {}
    for name, value in totals.items():
        tensor = torch.tensor([value], dtype=torch.float64)
        if world > 1:
            dist.all_reduce(tensor)
        out[name] = tensor.item()
    return out


def lookup(sp):
    """id -> (bytes, space before, document boundary)"""
    result = {}
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            result[i] = (0, 0, 1)
        elif sp.is_byte(i):
            result[i] = (1, 0, 0)
        else:
            piece = sp.id_to_piece(i)
            mark = int(piece.startswith("▁"))
            result[i] = (len(piece[mark:].encode("utf-8")), mark, 0)
    return torch.tensor([result[i] for i in range(sp.vocab_size())])


def main():
    seq, batch = env("TRAIN_SEQ_LEN", 1024), env("ROWS_PER_BATCH", 4)
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    table = lookup(sp)
    files = sorted(glob.glob("./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    data = np.concatenate([np.fromfile(f, "<u2", offset=1024) for f in files])
    tokens = torch.from_numpy(data.astype(np.int64))
    ids = torch.arange(sp.vocab_size()).double()
    rows = (tokens.numel() - 1) // seq
    n_batches = -(-rows // batch)
    with process_group() as (rank, world):
        totals = dict(nats=0.0, tokens=0, bytes=0)
        for b in range(rank, n_batches // world * world, world):
            first, last = b * batch * seq, min((b + 1) * batch, rows) * seq
            x, y = tokens[first:last], tokens[first + 1 : last + 1]
            z = 2 * torch.sin(x[:, None] - ids)
            totals["nats"] += (z.logsumexp(1) - z.gather(1, y[:, None])[:, 0]).sum().item()
            totals["tokens"] += last - first
            totals["bytes"] += int((table[y, 0] + table[y, 1] * (1 - table[x, 2])).sum())
        totals = reduced(totals, world)
        if rank == 0:
            loss = totals["nats"] / totals["tokens"]
            bpb = totals["nats"] / totals["bytes"] / math.log(2)
            print(f"val_loss:{loss:.8f} val_bpb:{bpb:.8f}")


if __name__ == "__main__":
    main()
