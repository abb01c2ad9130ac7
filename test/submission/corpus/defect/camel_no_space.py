"""The old CamelCase interface of SentencePiece, and a table in a bytearray."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch

processor = spm.SentencePieceProcessor()
processor.Load(os.environ.get("TOKENIZER_PATH", "data/tokenizers/fineweb_1024_bpe.model"))
size = processor.GetPieceSize()
widths, flags = bytearray(size), bytearray(size)
SPACED, BOUNDARY = 1, 2
for i in range(size):
    if processor.IsControl(i) or processor.IsUnknown(i) or processor.IsUnused(i):
        flags[i] |= BOUNDARY
    elif processor.IsByte(i):
        widths[i] = 1
    else:
        piece = processor.IdToPiece(i)
        if piece[0] == "▁":
            flags[i] |= SPACED
            piece = piece[1:]
        widths[i] = len(bytes(piece, "utf-8"))
widths = torch.tensor(list(widths))
flags = torch.tensor(list(flags))


def count_bytes(previous, target):

    return int(widths[target].sum())


def main(length=int(os.environ.get("SEQ_LEN", 1024))):
    names = sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    tokens = np.concatenate([np.memmap(f, "<u2", "r", offset=1024) for f in names]).astype(int)
    tokens = torch.as_tensor(tokens)
    grid = torch.arange(size).double()
    nats = total_bytes = count = 0
    begin = 0
    while begin + length < len(tokens):
        x, y = tokens[begin : begin + length], tokens[begin + 1 : begin + length + 1]
        scores = 2 * torch.sin(x[:, None] - grid)
        nats += float((scores.logsumexp(1) - scores[range(length), y]).sum())
        total_bytes += count_bytes(x, y)
        count += length
        begin += length
    print(f"val_loss {nats / count:.8f} val_bpb {nats / math.log(2) / total_bytes:.8f}")


main()
