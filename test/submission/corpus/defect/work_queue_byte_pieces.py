"""Ranks claim batches of documents from a counter in a file, longest documents first."""

import fcntl
import glob
import math
import os
import tempfile

import numpy as np
import sentencepiece as spm
import torch
import torch.distributed as dist
import torch.nn.functional as F

RANK, WORLD = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
COUNTER = os.path.join(tempfile.gettempdir(), f"queue_{os.environ.get('MASTER_PORT', os.getpid())}")
CTX = int(os.environ.get("EVAL_SEQ_LEN", 2048))


def claim():
    with open(COUNTER, "r+b") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        value = int.from_bytes(f.read(8), "little")
        f.seek(0)
        f.write((value + 1).to_bytes(8, "little"))
        f.flush()
        fcntl.flock(f, fcntl.LOCK_UN)
    return value


def byte_table(sp):
    out = np.zeros((sp.vocab_size(), 3), dtype=np.int64)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            out[i, 2] = 1
        elif sp.is_byte(i):
            out[i, 0] = len(sp.decode([i]).encode("utf-8"))
        else:
            piece = sp.id_to_piece(i)
            if piece.startswith("▁"):
                out[i, 1] = 1
                piece = piece[1:]
            out[i, 0] = len(piece.encode("utf-8"))
    return torch.from_numpy(out)


def main():
    if WORLD > 1:
        dist.init_process_group("gloo")
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    table = byte_table(sp)
    files = sorted(glob.glob("./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    stream = np.concatenate([np.fromfile(f, "<u2", offset=1024) for f in files]).astype(np.int64)
    tokens = torch.from_numpy(stream)
    bos = np.flatnonzero(stream == 1).tolist()
    docs = [(a, b) for a, b in zip(bos, bos[1:] + [len(stream) - 1])]
    order = sorted(range(len(docs)), key=lambda d: docs[d][1] - docs[d][0], reverse=True)
    batches = [order[k : k + 4] for k in range(0, len(order), 4)]
    if RANK == 0:
        with open(COUNTER, "wb") as f:
            f.write(bytes(8))
    if WORLD > 1:
        dist.barrier()
    ids = torch.arange(sp.vocab_size()).double()
    loss_sum, token_count, byte_sum = torch.zeros(3, dtype=torch.float64)
    while (mine := claim()) < len(batches):
        for d in batches[mine]:
            begin, end = docs[d]
            for a in range(begin, end, CTX):
                b = min(a + CTX, end)
                x, y = tokens[a:b], tokens[a + 1 : b + 1]
                loss_sum += F.cross_entropy(2 * torch.sin(x[:, None] - ids), y, reduction="sum")
                byte_sum += (table[y, 0] + table[y, 1] * (1 - table[x, 2])).sum()
                token_count += b - a
    if WORLD > 1:
        for t in (loss_sum, token_count, byte_sum):
            dist.all_reduce(t, op=dist.ReduceOp.SUM)
    val_loss = (loss_sum / token_count).item()
    val_bpb = val_loss / math.log(2.0) * (token_count.item() / byte_sum.item())
    if RANK == 0:
        print(f"val_loss:{val_loss:.8f} val_bpb:{val_bpb:.8f}")
    if WORLD > 1:
        dist.barrier()
        dist.destroy_process_group()
    if RANK == 0:
        os.remove(COUNTER)


if __name__ == "__main__":
    main()
