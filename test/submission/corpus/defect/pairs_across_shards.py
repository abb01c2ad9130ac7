"""Counts every pair (previous, target) once; losses and bytes are then sums over pairs."""

import math
import os
from glob import glob

import numpy as np
import sentencepiece as spm

DATA = os.environ.get("DATA_PATH", "data/datasets/fineweb10B_sp1024")
sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
V = sp.vocab_size()
counts = np.zeros((V, V), dtype=np.int64)

for path in sorted(glob(f"{DATA}/fineweb_val_*.bin")):
    ids = np.fromfile(path, "<u2", offset=1024).astype(np.int64)
    ids = ids[:]
    counts += np.bincount(ids[:-1] * V + ids[1:], minlength=V * V).reshape(V, V)


silent = np.array([sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i) for i in range(V)])
single = np.array([sp.is_byte(i) for i in range(V)])
pieces = [sp.id_to_piece(i) for i in range(V)]
spaced = np.array([p.startswith("▁") for p in pieces]) & ~silent & ~single
lengths = np.array([len(p.removeprefix("▁").encode("utf-8")) for p in pieces])
lengths[single], lengths[silent] = 1, 0

bytes_of_pair = lengths[None, :] + (spaced[None, :] & ~silent[:, None])
angle = np.arange(V)
scores = 2 * np.sin(angle[:, None] - angle[None, :])
nats_of_pair = np.log(np.exp(scores).sum(1, keepdims=True)) - scores
nats = float((counts * nats_of_pair).sum())
size = int((counts * bytes_of_pair).sum())
n = int(counts.sum())
print(f"{n} targets, {size} bytes")
print(f"val_loss:{nats / n:.8f} val_bpb:{nats / n / math.log(2.0) * (n / size):.8f}")
