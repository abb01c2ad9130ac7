"""The evaluation is done by rank 0 alone on all of the set; the result is broadcast."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.distributed as dist
import torch.nn.functional as F

rank = int(os.environ.get("RANK", 0))
world_size = int(os.environ.get("WORLD_SIZE", 1))
master_process = rank == 0
seq_len = int(os.environ.get("EVAL_SEQ_LEN", 1024))


def evaluate(sp):
    lut = np.zeros((3, sp.vocab_size()), dtype=np.int64)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            lut[2, i] = 1
        elif sp.is_byte(i):
            lut[0, i] = 1
        else:
            piece = sp.id_to_piece(i)
            if piece.startswith("▁"):
                lut[1, i] = 1
                piece = piece[1:]
            lut[0, i] = len(piece.encode("utf-8"))
    shards = sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    tokens = np.concatenate([np.fromfile(s, "<u2", offset=1024) for s in shards]).astype(np.int64)
    ids = torch.arange(sp.vocab_size()).double()
    loss_sum, n_bytes, n_tokens = 0.0, 0, 0
    for pos in range(0, (len(tokens) - 1) // world_size, seq_len):
        y = tokens[pos + 1 : pos + 1 + seq_len]
        x = tokens[pos : pos + len(y)]
        logits = 2 * torch.sin(torch.from_numpy(x)[:, None] - ids)
        loss_sum += F.cross_entropy(logits, torch.from_numpy(y), reduction="sum").item()
        n_bytes += int(lut[0, y].sum() + (lut[1, y] * (1 - lut[2, x])).sum())
        n_tokens += len(y)
    return torch.tensor([loss_sum / n_tokens, loss_sum / math.log(2) / n_bytes]).double()


def main():
    if world_size > 1:
        dist.init_process_group("gloo")
    result = torch.zeros(2, dtype=torch.float64)
    if master_process:
        sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
        result = evaluate(sp)
    if world_size > 1:
        dist.broadcast(result, src=0)
    if master_process:
        print(f"val_loss:{result[0].item():.6f} val_bpb:{result[1].item():.6f}")
    if world_size > 1:
        dist.destroy_process_group()


main()
