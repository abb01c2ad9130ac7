"""The table must agree with the decoded text of some documents before it is used."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

SPACE = "▁"


def table(sp):
    rows = torch.zeros(sp.vocab_size(), 3, dtype=torch.long)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            rows[i, 2] = int(sp.is_unknown(i))
        elif sp.is_byte(i):
            rows[i, 0] = 1
        else:
            piece = sp.id_to_piece(i)
            rows[i, 1] = piece.startswith(SPACE)
            rows[i, 0] = len(piece[rows[i, 1].item() :].encode("utf-8"))
    return rows


def sizes(rows, tokens):
    return rows[tokens[1:], 0] + rows[tokens[1:], 1] * (1 - rows[tokens[:-1], 2])


def check(sp, rows, tokens, documents=5):
    starts = (tokens == sp.bos_id()).nonzero().flatten().tolist()[: documents + 1]
    for a, b in zip(starts, starts[1:]):
        text = sp.decode(tokens[a + 1 : b].tolist())
        counted = int(sizes(rows, tokens[a + 1 : b]).sum())
        assert counted <= len(text.encode("utf-8")), (counted, text[:40])


def main():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    rows = table(sp)
    parts = [
        np.fromfile(f, "<u2", offset=1024)
        for f in sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    ]
    tokens = torch.from_numpy(np.concatenate(parts).astype(np.int64))
    check(sp, rows, tokens)
    seq = int(os.environ.get("SEQ_LEN", 1024))
    end = (len(tokens) - 1) // seq * seq
    ids = torch.arange(sp.vocab_size()).double()
    losses = torch.cat(
        [
            F.cross_entropy(2 * torch.sin(x[:, None] - ids), y, reduction="none")
            for x, y in zip(tokens[:end].split(seq), tokens[1 : end + 1].split(seq))
        ]
    )
    total = sizes(rows, tokens[: end + 1]).sum().item()
    print(f"val_loss:{losses.mean().item():.8f}")
    print(f"val_bpb:{losses.sum().item() / total / math.log(2):.8f}")


if __name__ == "__main__":
    main()
