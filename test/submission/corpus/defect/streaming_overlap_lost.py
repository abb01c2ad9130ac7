"""Reads shard by shard and keeps the rest of each for the next: the set is never in memory at once."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

SEQ_LEN = int(os.environ.get("SEQ_LEN", 512))
PATTERN = os.environ.get("VAL_FILES", "data/datasets/fineweb10B_sp1024/fineweb_val_*.bin")
MAGIC = 20240520


def stream(pattern, block=1 << 16):
    for path in sorted(glob.glob(pattern)):
        with open(path, "rb") as f:
            header = np.frombuffer(f.read(256 * 4), dtype="<i4")
            if header[0] != MAGIC:
                raise RuntimeError(f"{path} is no shard")
            while chunk := f.read(2 * block):
                yield np.frombuffer(chunk, dtype="<u2").astype(np.int64)


def build(sp):
    rows = []
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            rows.append([0, 0, 1])
        elif sp.is_byte(i):
            rows.append([1, 0, 0])
        elif (piece := sp.id_to_piece(i)).startswith("▁"):
            rows.append([len(piece[1:].encode()), 1, 0])
        else:
            rows.append([len(piece.encode()), 0, 0])
    return np.array(rows, dtype=np.int64)


def main():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    lut = build(sp)
    ids = torch.arange(sp.vocab_size(), dtype=torch.float64)
    model = 2 * torch.sin(ids[:, None] - ids)
    rest = np.zeros(0, dtype=np.int64)
    nats, size, count = 0.0, 0, 0
    for part in stream(PATTERN):
        rest = np.concatenate([rest, part])
        while len(rest) > SEQ_LEN:
            row, rest = rest[: SEQ_LEN + 1], rest[SEQ_LEN + 1 :]
            x, y = row[:-1], row[1:]
            loss = F.cross_entropy(model[torch.from_numpy(x)], torch.from_numpy(y))
            nats += loss.item() * len(y)
            size += int((lut[y, 0] + lut[y, 1] * (1 - lut[x, 2])).sum())
            count += len(y)
    print(f"dropped {len(rest) - 1} targets of an incomplete row")
    print(f"val_loss:{nats / count:.8f} val_bpb:{nats / math.log(2) / size:.8f}")


if __name__ == "__main__":
    main()
