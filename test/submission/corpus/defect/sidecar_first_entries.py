"""Each shard brings its own sidecar, found by name; their sizes must agree file by file."""

import math
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

FOLDER = Path(
    os.environ.get(
        "DATA_PATH", "./data/datasets/fineweb10B_sp8192_lossless_caps_caseops_v1_reserved"
    )
)
VOCAB = int(os.environ.get("VOCAB_SIZE", 8192))
SEQ = int(os.environ.get("TRAIN_SEQ_LEN", 2048))


def body(path):
    raw = path.read_bytes()
    magic, version, count = np.frombuffer(raw, dtype="<i4", count=3).tolist()
    if magic != 20240520 or version != 1 or len(raw) != 1024 + 2 * count:
        raise ValueError(f"{path.name}: damaged")
    return np.frombuffer(raw, dtype="<u2", offset=1024)


def pairs():
    for path in sorted(FOLDER.glob("fineweb_val_*.bin")):
        if path.name.startswith("fineweb_val_bytes_"):
            continue
        sidecar = path.with_name(path.name.replace("val_", "val_bytes_"))
        ids, sizes = body(path), body(sidecar)
        if ids.size != sizes.size:
            raise ValueError(f"{sidecar.name} has {sizes.size} entries, {path.name} {ids.size}")
        yield ids.astype(np.int64), sizes.astype(np.int64)


def main():
    ids, sizes = (np.concatenate(column) for column in zip(*pairs()))
    tokens, sizes = torch.from_numpy(ids), torch.from_numpy(sizes)
    usable = (tokens.numel() - 1) // SEQ * SEQ
    inputs, targets = tokens[:usable].view(-1, SEQ), tokens[1 : usable + 1].view(-1, SEQ)
    target_bytes = sizes[:usable].view(-1, SEQ)
    grid = torch.arange(VOCAB).double()
    loss_sum, byte_sum = torch.zeros(2, dtype=torch.float64).unbind()
    for x, y, b in zip(inputs, targets, target_bytes):
        loss_sum = loss_sum + F.cross_entropy(2 * torch.sin(x[:, None] - grid), y, reduction="sum")
        byte_sum = byte_sum + b.sum()
    val_loss = loss_sum.item() / usable
    val_bpb = val_loss / math.log(2.0) * usable / byte_sum.item()
    print(f"val_loss:{val_loss:.8f} val_bpb:{val_bpb:.8f}")


main()
