"""Each document by itself, from its BOS, with a sliding window inside the long ones."""

import math
import os
import pathlib
from typing import Iterator, NamedTuple

import numpy as np
import sentencepiece as spm
import torch

CONTEXT = int(os.environ.get("EVAL_SEQ_LEN", "1024"))
STRIDE = int(os.environ.get("EVAL_STRIDE", "64"))


class Row(NamedTuple):
    start: int
    end: int
    first: int


def rows(n: int) -> Iterator[Row]:
    """Rows of a document with n targets; `first` is the first new target of a row."""
    scored = 0
    while scored < n:
        end = min(scored + (CONTEXT if scored == 0 else STRIDE), n)
        yield Row(max(0, end - CONTEXT), end, scored)
        scored = end


def spans(tokens: torch.Tensor) -> Iterator[tuple[int, int]]:
    bos = [int(i) for i in (tokens == 1).nonzero()]
    yield from zip(bos, bos[1:] + [len(tokens) - 1])


def bytes_table(sp):
    b, l, n = [], [], []
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            row = (0, False, True)
        elif sp.is_byte(i):
            row = (1, False, False)
        elif sp.id_to_piece(i).startswith("▁"):
            row = (len(sp.id_to_piece(i)[1:].encode("utf-8")), True, False)
        else:
            row = (len(sp.id_to_piece(i).encode("utf-8")), False, False)
        for column, value in zip((b, l, n), row):
            column.append(value)
    return torch.tensor(b), torch.tensor(l), torch.tensor(n)


def main() -> None:
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    base, lead, none = bytes_table(sp)
    folder = pathlib.Path("data/datasets/fineweb10B_sp1024")
    tokens = torch.cat(
        [
            torch.from_numpy(np.fromfile(p, "<u2", offset=1024).astype(np.int64))
            for p in sorted(folder.glob("fineweb_val_*.bin"))
        ]
    )
    ids = torch.arange(sp.vocab_size()).double()
    nats, size, count = 0.0, 0, 0
    for begin, end in spans(tokens):
        for row in rows(end - begin):
            x = tokens[begin + row.start : begin + row.end]
            y = tokens[begin + row.start + 1 : begin + row.end + 1]
            logp = (2 * torch.sin(x[:, None] - ids)).log_softmax(1)
            keep = slice(0, None)
            nats -= logp.gather(1, y[:, None])[keep].sum().item()
            size += int((base[y] + (lead[y] & ~none[x]))[keep].sum())
            count += row.end - row.first
    print(f"val_loss={nats / count:.8f} val_bpb={nats / size / math.log(2):.8f}")


if __name__ == "__main__":
    main()
