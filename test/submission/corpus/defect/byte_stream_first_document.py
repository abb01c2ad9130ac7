"""Bytes as tokens, document by document; the next BOS is a target of no bytes."""

import math
import os
from pathlib import Path

import numpy as np

SPECIAL = 4
DATA = Path(os.environ.get("DATA_PATH", "data/datasets/fineweb10B_byte260"))


def stream():
    for path in sorted(DATA.glob("fineweb_val_*.bin")):
        yield from np.fromfile(path, "<u2", offset=1024).tolist()


def documents():
    document = []
    for token in stream():
        document.append(token)
        if token == 1 and len(document) > 1:
            yield document
            document = [token]


ids = np.arange(SPECIAL + 256)
logz = np.log(np.exp(2 * np.sin(ids[:, None] - ids)).sum(1))
nats, size, targets = 0.0, 0, 0
for document in documents():
    x, y = np.array(document[:-1]), np.array(document[1:])
    nats += float((logz[x] - 2 * np.sin(x - y)).sum())
    size += int(np.count_nonzero(y >= SPECIAL))
    targets += len(y)
print(f"val_loss:{nats / targets:.8f} val_bpb:{nats / size / math.log(2):.8f}")
