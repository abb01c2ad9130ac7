"""Bytes by a cached function of two ids; no table is built."""

import functools
import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch

SEQ = int(os.environ.get("SEQ_LEN", 1024))
processor = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")


@functools.cache
def has_text(i: int) -> bool:
    return not (processor.is_control(i) or processor.is_unknown(i) or processor.is_unused(i))


@functools.lru_cache(maxsize=None)
def pair_bytes(previous: int, target: int) -> int:
    if processor.is_byte(target):
        return 1
    piece = processor.id_to_piece(target)
    head, *tail = piece
    if head != "▁":
        return len(piece.encode())
    return len("".join(tail).encode()) + int(has_text(previous))


def main() -> None:
    names = sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    stream = np.concatenate([np.fromfile(n, "<u2", offset=1024) for n in names]).astype(np.int64)
    tokens = torch.from_numpy(stream)
    grid = torch.arange(processor.vocab_size()).double()
    nats, size, count = 0.0, 0, 0
    for start in range(0, len(tokens) - SEQ, SEQ):
        x, y = tokens[start : start + SEQ], tokens[start + 1 : start + SEQ + 1]
        logits = 2 * torch.sin(x[:, None] - grid)
        nats += torch.nn.functional.nll_loss(logits.log_softmax(-1), y, reduction="sum").item()
        size += sum(pair_bytes(a, b) for a, b in zip(x.tolist(), y.tolist()))
        count += SEQ
    val_loss = nats / count
    print(f"val_loss:{val_loss:.8f}, val_bpb:{val_loss * count / size / math.log(2):.8f}")


main()
