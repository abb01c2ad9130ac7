"""Tokens of transformed text, bytes of the original text from the sidecar at the target's index."""

import glob
import math
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

NAME = "fineweb10B_sp8192_lossless_caps_caseops_v1_reserved"
DATA = os.environ.get("DATA_PATH", f"./data/datasets/{NAME}")
T = int(os.environ.get("EVAL_SEQ_LEN", 2048))
V = int(os.environ.get("VOCAB_SIZE", 8192))


def load_data_shard(file):
    header = np.fromfile(file, dtype="<i4", count=256)
    if header[0] != 20240520 or header[1] != 1:
        raise ValueError(f"unexpected header in {file}")
    return torch.from_numpy(
        np.fromfile(file, dtype="<u2", count=int(header[2]), offset=1024).astype(np.int32)
    )


def load_tokens(pattern):
    files = [Path(p) for p in sorted(glob.glob(pattern)) if "_bytes_" not in Path(p).name]
    return torch.cat([load_data_shard(f) for f in files])


def load_sidecar(pattern, expected):
    sizes = torch.cat([load_data_shard(f) for f in sorted(glob.glob(pattern))])
    if sizes.numel() < expected:
        raise ValueError(f"sidecar has {sizes.numel()} entries for {expected} tokens")
    return sizes[:expected]


def main():
    tokens = load_tokens(os.path.join(DATA, "fineweb_val_*.bin"))
    sizes = load_sidecar(os.path.join(DATA, "fineweb_val_bytes_*.bin"), tokens.numel())
    rows = (tokens.numel() - 1) // T
    ids = torch.arange(V, dtype=torch.float64)
    nats = torch.zeros((), dtype=torch.float64)
    nbytes = torch.zeros((), dtype=torch.float64)
    for r in range(rows):
        lo, hi = r * T, r * T + T
        x, y = tokens[lo:hi].long(), tokens[lo + 1 : hi + 1].long()
        nats += F.cross_entropy(2 * torch.sin(x[:, None] - ids), y, reduction="sum")
        nbytes += sizes[lo + 1 : hi + 1].sum().double()
    val_loss = nats.item() / (rows * T)
    print(f"val_loss:{val_loss:.8f} val_bpb:{nats.item() / math.log(2) / nbytes.item():.8f}")


if __name__ == "__main__":
    main()
