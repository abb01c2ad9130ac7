"""Bigram baseline for the golf challenge: loads the trained weights and reports val_bpb."""
import glob
import math
import os
from pathlib import Path

import numpy as np
import sentencepiece as spm
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn


class Hyperparameters:
    data_path = os.environ.get("DATA_PATH", "./data/datasets/fineweb10B_sp1024")
    val_files = os.path.join(data_path, "fineweb_val_*.bin")
    tokenizer_path = os.environ.get("TOKENIZER_PATH", "./data/tokenizers/fineweb_1024_bpe.model")
    vocab_size = int(os.environ.get("VOCAB_SIZE", 1024))
    model_dim = int(os.environ.get("MODEL_DIM", 512))
    train_seq_len = int(os.environ.get("TRAIN_SEQ_LEN", 1024))
    val_batch_size = int(os.environ.get("VAL_BATCH_SIZE", 524_288))


class Bigram(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.head = nn.Linear(dim, vocab, bias=False)

    def forward(self, x, y):
        logits = self.head(self.emb(x)).float()
        return F.cross_entropy(logits.view(-1, logits.size(-1)), y.view(-1), reduction="mean")


def read_shard(path):
    header = np.fromfile(path, dtype="<i4", count=256)
    if int(header[0]) != 20240520:
        raise ValueError(f"bad magic in {path}")
    count = int(header[2])
    body = np.fromfile(path, dtype="<u2", count=count, offset=1024)
    if body.size != count:
        raise ValueError(f"short shard {path}")
    return torch.from_numpy(body.astype(np.int32))


def read_validation(pattern, seq_len):
    shards = [Path(p) for p in sorted(glob.glob(pattern))]
    if not shards:
        raise FileNotFoundError(pattern)
    stream = torch.cat([read_shard(p) for p in shards])
    rows = (stream.numel() - 1) // seq_len
    return stream[: rows * seq_len + 1]


def byte_tables(sp, vocab, device):
    size = max(sp.vocab_size(), vocab)
    nbytes = np.zeros(size, dtype=np.int16)
    spaced = np.zeros(size, dtype=bool)
    edge = np.ones(size, dtype=bool)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        edge[i] = False
        if sp.is_byte(i):
            nbytes[i] = 1
            continue
        text = sp.id_to_piece(i)
        if text.startswith("\u2581"):
            spaced[i] = True
            text = text[1:]
        nbytes[i] = len(text.encode("utf-8"))
    return (torch.tensor(nbytes, device=device), torch.tensor(spaced, device=device), torch.tensor(edge, device=device))


@torch.inference_mode()
def validate(args, model, rank, world, device, stream, tables):
    nbytes, spaced, edge = tables
    per_rank = args.val_batch_size // world
    rows_per_step = max(per_rank // args.train_seq_len, 1)
    rows = (stream.numel() - 1) // args.train_seq_len
    lo = rows * rank // world
    hi = rows * (rank + 1) // world
    hi = lo + (hi - lo) // rows_per_step * rows_per_step
    nll = torch.zeros((), dtype=torch.float64, device=device)
    count = torch.zeros((), dtype=torch.float64, device=device)
    size = torch.zeros((), dtype=torch.float64, device=device)
    model.eval()
    for first in range(lo, hi, rows_per_step):
        last = min(first + rows_per_step, hi)
        piece = stream[first * args.train_seq_len : last * args.train_seq_len + 1].to(device, torch.int64)
        x = piece[:-1].reshape(-1, args.train_seq_len)
        y = piece[1:].reshape(-1, args.train_seq_len)
        loss = model(x, y)
        nll += loss.double() * y.numel()
        count += y.numel()
        b = nbytes[y].double() + (spaced[y] & ~edge[x]).double()
        size += b.sum()
    if dist.is_initialized():
        dist.all_reduce(nll, op=dist.ReduceOp.SUM)
        dist.all_reduce(count, op=dist.ReduceOp.SUM)
        dist.all_reduce(size, op=dist.ReduceOp.SUM)
    mean = (nll / count).item()
    return mean, mean / math.log(2.0) * (count.item() / size.item())


def main():
    args = Hyperparameters()
    rank = int(os.environ.get("RANK", 0))
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world > 1:
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if torch.cuda.is_available() else torch.device("cpu")
    sp = spm.SentencePieceProcessor(model_file=args.tokenizer_path)
    stream = read_validation(args.val_files, args.train_seq_len)
    model = Bigram(args.vocab_size, args.model_dim).to(device)
    model.load_state_dict(torch.load("final_model.pt", map_location=device))
    val_loss, val_bpb = validate(args, model, rank, world, device, stream, byte_tables(sp, args.vocab_size, device))
    if rank == 0:
        print(f"final val_loss:{val_loss:.8f} val_bpb:{val_bpb:.8f}")
    if world > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
