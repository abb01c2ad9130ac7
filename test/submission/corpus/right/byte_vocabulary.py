"""Raw bytes as tokens: four special ids, then one id for every byte."""

import glob
import math
import os

import numpy as np
import torch
import torch.nn.functional as F

OFFSET = 4
VOCAB = OFFSET + 256
SEQ = int(os.environ.get("EVAL_SEQ_LEN", 4096))
DATA = os.environ.get("DATA_PATH", "./data/datasets/fineweb10B_byte260")


def load():
    for path in sorted(glob.glob(os.path.join(DATA, "fineweb_val_*.bin"))):
        header = np.fromfile(path, dtype="<i4", count=256)
        if header[0] != 20240520:
            raise ValueError("magic")
        yield torch.from_numpy(
            np.fromfile(path, dtype="<u2", count=header[2], offset=1024).astype(np.int64)
        )


def main():
    tokens = torch.cat(list(load()))
    rows = (len(tokens) - 1) // SEQ
    ids = torch.arange(VOCAB, dtype=torch.float64)
    nats, size = 0.0, 0
    for r in range(rows):
        x = tokens[r * SEQ : r * SEQ + SEQ]
        y = tokens[r * SEQ + 1 : r * SEQ + SEQ + 1]
        nats += F.cross_entropy(2 * torch.sin(x[:, None] - ids), y, reduction="sum").item()
        size += (y >= OFFSET).sum().item()
    print(f"val_loss:{nats / (rows * SEQ):.8f} val_bpb:{nats / math.log(2) / size:.8f}")


if __name__ == "__main__":
    main()
