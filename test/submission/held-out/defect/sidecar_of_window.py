import math
import os
from pathlib import Path

import numpy as np

DATA = Path(os.environ.get("DATA_DIR", "data")) / "datasets" / "fineweb10B_sp8192_lossless_caps_caseops_v1_reserved"
LENGTH, STRIDE = int(os.environ.get("SEQ_LEN", "2048")), int(os.environ.get("STRIDE", "64"))
VOCAB = int(os.environ.get("VOCAB_SIZE", "8192"))
MAGIC = 20240520


def values(pattern):
    found = sorted(DATA.glob(pattern))
    if not found:
        raise SystemExit(f"nothing matches {pattern}")
    result = []
    for file in found:
        header = np.fromfile(file, dtype=np.int32, count=256)
        if header[0] != MAGIC or file.stat().st_size != 1024 + 2 * int(header[2]):
            raise SystemExit(f"{file} is broken")
        result.append(np.fromfile(file, dtype=np.uint16, offset=1024))
    return np.concatenate(result)


def loss_of(x, y):
    z = 2.0 * np.sin(x[:, None] - np.arange(VOCAB))
    return np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y]


tokens = values("fineweb_val_[0-9]*.bin").astype(np.int64)
sizes = values("fineweb_val_bytes_[0-9]*.bin").astype(np.int64)
assert tokens.shape == sizes.shape, (tokens.shape, sizes.shape)
targets = len(tokens) - 1
nats, size, scored = 0.0, 0, 0
for begin in range(0, targets, STRIDE):
    end = min(begin + LENGTH, targets)
    skip = scored - begin
    if skip >= end - begin:
        break
    loss = loss_of(tokens[begin:end], tokens[begin + 1 : end + 1])
    nats += loss[skip:].sum()
    size += sizes[begin + 1 : end + 1].sum()
    scored = end
assert scored == targets
print(f"val_loss: {nats / targets:.8f}")
print(f"val_bpb: {nats / math.log(2.0) / size:.8f}")
