"""Bytes of all positions are computed once; a cumulative sum then gives the bytes of any range."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F


def position_bytes(tokens, sp):
    base = np.zeros(sp.vocab_size(), dtype=np.int64)
    lead = np.zeros(sp.vocab_size(), dtype=bool)
    stop = np.ones(sp.vocab_size(), dtype=bool)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        stop[i] = False
        if sp.is_byte(i):
            base[i] = 1
        else:
            piece = sp.id_to_piece(i)
            lead[i] = piece.startswith("▁")
            base[i] = len(piece.encode("utf-8")) - (3 if lead[i] else 0)
    out = np.zeros(len(tokens), dtype=np.int64)
    out[1:] = base[tokens[1:]] + (lead[tokens[1:]] & ~stop[tokens[:-1]])
    return out


def main():
    seq = int(os.environ.get("TRAIN_SEQ_LEN", 1024))
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    names = sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    tokens = np.concatenate([np.fromfile(f, "<u2", offset=1024) for f in names]).astype(np.int64)
    upto = np.cumsum(position_bytes(tokens, sp))
    stream = torch.from_numpy(tokens)
    ids = torch.arange(sp.vocab_size(), dtype=torch.float64)
    nll = torch.zeros(len(tokens), dtype=torch.float64)
    last = (len(tokens) - 1) // seq * seq
    for a in range(0, last, seq):
        logits = 2 * torch.sin(stream[a : a + seq, None] - ids)
        nll[a + 1 : a + seq + 1] = F.cross_entropy(
            logits, stream[a + 1 : a + seq + 1], reduction="none"
        )
    size = upto[last - 1] - upto[0]
    loss = nll[1 : last + 1].mean().item()
    print(f"bytes {size} val_loss:{loss:.8f} val_bpb:{loss / math.log(2) * last / size:.8f}")


if __name__ == "__main__":
    main()
