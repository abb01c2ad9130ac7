"""Each rank has as many batches as the others; those beyond the end are empty and count nothing."""

import math
import os
from pathlib import Path

import numpy as np
import sentencepiece as spm
import torch
import torch.distributed as dist
import torch.nn.functional as F

RANK, WORLD = (int(os.environ.get(k, d)) for k, d in (("RANK", "0"), ("WORLD_SIZE", "1")))
SEQ = int(os.environ.get("SEQ_LEN", "1024"))


def setup():
    if WORLD > 1:
        dist.init_process_group(backend="gloo", init_method="env://")


def tokens():
    folder = Path("./data/datasets/fineweb10B_sp1024")
    parts = [np.fromfile(p, "<u2", offset=1024) for p in sorted(folder.glob("fineweb_val_*.bin"))]
    return torch.from_numpy(np.concatenate(parts).astype(np.int64))


def luts(sp):
    rows = []
    for i in range(sp.vocab_size()):
        special = sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)
        text = "" if special else sp.id_to_piece(i)
        lead = text.startswith("▁")
        rows.append((1 if sp.is_byte(i) else len(text[lead:].encode()), lead, special))
    return torch.tensor(rows, dtype=torch.int64).unbind(1)


def main():
    setup()
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    base, lead, special = luts(sp)
    stream = tokens()
    rows = (stream.numel() - 1) // SEQ
    per_rank = int(rows / WORLD)
    ids = torch.arange(sp.vocab_size(), dtype=torch.float64)
    sums = torch.zeros(3, dtype=torch.float64)
    for k in range(per_rank):
        row = RANK * per_rank + k
        live = row < rows
        at = row * SEQ if live else 0
        x, y = stream[at : at + SEQ], stream[at + 1 : at + SEQ + 1]
        loss = F.cross_entropy(2 * torch.sin(x[:, None] - ids), y, reduction="sum")
        size = (base[y] + lead[y] * (1 - special[x])).sum()
        if live:
            sums += torch.stack([loss, size.double(), torch.tensor(float(SEQ)).double()])
    if WORLD > 1:
        dist.barrier()
        dist.reduce(sums, dst=0, op=dist.ReduceOp.SUM)
    if RANK == 0:
        nats, size, count = (v.item() for v in sums)
        print(f"val_loss:{nats / count:.8f} val_bpb:{nats / (size * math.log(2)):.8f}")
    if WORLD > 1:
        dist.destroy_process_group()


main()
