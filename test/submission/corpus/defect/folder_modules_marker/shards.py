"""Reads shards: 256 int32 of header, then uint16."""

from pathlib import Path

import numpy as np
import torch

MAGIC, VERSION = 20240520, 1


def read(path):
    header = np.fromfile(path, dtype="<i4", count=256)
    if header[0] != MAGIC or header[1] != VERSION:
        raise ValueError(f"{path}: not a shard")
    return np.fromfile(path, dtype="<u2", count=int(header[2]), offset=1024)


def validation_tokens(folder):
    paths = sorted(Path(folder).glob("fineweb_val_*.bin"))
    return torch.from_numpy(np.concatenate([read(p) for p in paths]).astype(np.int64))
