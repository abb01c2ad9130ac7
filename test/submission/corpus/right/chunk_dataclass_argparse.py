"""Standalone scorer: settings in a dataclass filled from argparse."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F


@dataclass
class Totals:
    nats: float = 0.0
    tokens: int = 0
    bytes: int = 0
    per_shard: list[int] = field(default_factory=list)

    @property
    def loss(self) -> float:
        return self.nats / self.tokens

    @property
    def bpb(self) -> float:
        return self.nats / (math.log(2) * self.bytes)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data/datasets/fineweb10B_sp1024"))
    parser.add_argument("--tokenizer", default="data/tokenizers/fineweb_1024_bpe.model")
    parser.add_argument("--seq-len", type=int, default=1024)
    parser.add_argument("--batch", type=int, default=8, help="rows at once")
    return parser.parse_args()


class Counter:
    """Bytes of a target, by the table of its vocabulary."""

    def __init__(self, model_file: str):
        sp = spm.SentencePieceProcessor(model_file=model_file)
        n = sp.get_piece_size()
        self.size = torch.zeros(n, dtype=torch.int32)
        self.spaced = torch.zeros(n, dtype=torch.bool)
        self.silent = torch.zeros(n, dtype=torch.bool)
        for i in range(n):
            if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
                self.silent[i] = True
            elif sp.is_byte(i):
                self.size[i] = 1
            else:
                piece = sp.id_to_piece(i)
                self.spaced[i] = piece.startswith("▁")
                self.size[i] = len(piece.removeprefix("▁").encode("utf-8"))
        self.vocab = n

    def __call__(self, before: torch.Tensor, target: torch.Tensor) -> int:
        spaces = self.spaced[target] & ~self.silent[before]
        return int(self.size[target].sum()) + int(spaces.sum())


def shard(path: Path) -> np.ndarray:
    raw = path.read_bytes()
    header = np.frombuffer(raw, dtype="<i4", count=256)
    assert tuple(header[:2]) == (20240520, 1)
    return np.frombuffer(raw, dtype="<u2", offset=1024, count=int(header[2]))


def main() -> None:
    args = parse()
    count = Counter(args.tokenizer)
    totals = Totals()
    pieces = []
    for path in sorted(args.data.glob("fineweb_val_*.bin")):
        pieces.append(shard(path))
        totals.per_shard.append(len(pieces[-1]))
    tokens = torch.from_numpy(np.concatenate(pieces).astype(np.int64))
    ids = torch.arange(count.vocab)
    weights = 2 * torch.sin((ids[:, None] - ids[None]).double())
    rows = (tokens.numel() - 1) // args.seq_len
    x = tokens[: rows * args.seq_len].view(rows, args.seq_len)
    y = tokens[1 : rows * args.seq_len + 1].view(rows, args.seq_len)
    for b in range(0, rows, args.batch):
        xb, yb = x[b : b + args.batch].flatten(), y[b : b + args.batch].flatten()
        totals.nats += F.cross_entropy(weights[xb], yb, reduction="sum").item()
        totals.tokens += yb.numel()
        totals.bytes += count(xb, yb)
    print(f"{len(totals.per_shard)} shards, {sum(totals.per_shard)} tokens")
    print(f"val_loss={totals.loss:.8f} val_bpb={totals.bpb:.8f}")


if __name__ == "__main__":
    main()
