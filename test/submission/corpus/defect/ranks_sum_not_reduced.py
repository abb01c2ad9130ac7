"""Sliding evaluation over ranks: contiguous ranges of windows, one reduction of a stacked tensor."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.distributed as dist
import torch.nn.functional as F

RANK = int(os.environ.get("RANK", 0))
WORLD = int(os.environ.get("WORLD_SIZE", 1))
SEQ = int(os.environ.get("EVAL_SEQ_LEN", 2048))
STRIDE = int(os.environ.get("EVAL_STRIDE", 64))
distributed = WORLD > 1


def get_val(pattern):
    def one(path):
        header = np.fromfile(path, dtype="<i4", count=256)
        assert int(header[0]) == 20240520 and int(header[1]) == 1
        return np.fromfile(path, dtype="<u2", count=int(header[2]), offset=256 * 4)

    return torch.from_numpy(
        np.concatenate([one(p) for p in sorted(glob.glob(pattern))]).astype(int)
    )


def build_sentencepiece_luts(sp, vocab):
    base = np.zeros(vocab, dtype=np.int16)
    spaced = np.zeros(vocab, dtype=bool)
    bound = np.ones(vocab, dtype=bool)
    for tid in range(sp.vocab_size()):
        if sp.is_control(tid) or sp.is_unknown(tid) or sp.is_unused(tid):
            continue
        bound[tid] = False
        if sp.is_byte(tid):
            base[tid] = 1
            continue
        piece = sp.id_to_piece(tid)
        if piece.startswith("▁"):
            spaced[tid] = True
            piece = piece[1:]
        base[tid] = len(piece.encode("utf-8"))
    return torch.from_numpy(base), torch.from_numpy(spaced), torch.from_numpy(bound)


def windows(total):
    """(start, first scored offset, length): every target once."""
    plan = [(0, 0, min(SEQ, total))]
    done = plan[0][2]
    while done < total:
        end = min(done + STRIDE, total)
        start = end - SEQ
        plan.append((start, done - start, SEQ))
        done = end
    return plan


def main():
    if distributed:
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    vocab = max(sp.vocab_size(), int(os.environ.get("VOCAB_SIZE", 1024)))
    base, spaced, bound = build_sentencepiece_luts(sp, vocab)
    tokens = get_val("./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin")
    weight = 2 * torch.sin(torch.arange(vocab)[:, None].double() - torch.arange(vocab))
    plan = windows(tokens.numel() - 1)
    lo, hi = len(plan) * RANK // WORLD, len(plan) * (RANK + 1) // WORLD
    sums = torch.zeros(3, dtype=torch.float64)
    for start, first, length in plan[lo:hi]:
        x = tokens[start : start + length]
        y = tokens[start + 1 : start + length + 1]
        losses = F.cross_entropy(weight[x], y, reduction="none")[first:]
        x, y = x[first:], y[first:]
        sums[0] += losses.sum()
        sums[1] += base[y].sum() + (spaced[y] & ~bound[x]).sum()
        sums[2] += y.numel()
    nats, size, count = sums.tolist()
    if RANK == 0:
        print(f"val_loss:{nats / count:.8f} val_bpb:{nats / math.log(2) / size:.8f}")
    if distributed:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
