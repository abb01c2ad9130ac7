"""Baseline evaluation: rows of the stream, contiguous ranges of rows by rank, sums reduced."""

import glob
import math
import os
from pathlib import Path

import numpy as np
import sentencepiece as spm
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn


class Settings:
    data_path = os.environ.get("DATA_PATH", "./data/datasets/fineweb10B_sp1024")
    val_files = os.path.join(data_path, "fineweb_val_*.bin")
    tokenizer_path = os.environ.get("TOKENIZER_PATH", "./data/tokenizers/fineweb_1024_bpe.model")
    vocab_size = int(os.environ.get("VOCAB_SIZE", 1024))
    seq_len = int(os.environ.get("TRAIN_SEQ_LEN", 1024))
    val_batch_size = int(os.environ.get("VAL_BATCH_SIZE", 524_288))
    model_dim = int(os.environ.get("MODEL_DIM", 512))


class LM(nn.Module):
    def __init__(self, vocab: int, dim: int):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.head = nn.Linear(dim, vocab, bias=False)

    def forward(self, ids: Tensor, targets: Tensor) -> Tensor:
        logits = self.head(self.emb(ids))
        return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())


def read_shard(path: Path) -> Tensor:
    header = np.fromfile(path, dtype="<i4", count=256)
    if int(header[0]) != 20240520 or int(header[1]) != 1:
        raise ValueError(f"bad shard {path}")
    body = np.fromfile(path, dtype="<u2", count=int(header[2]), offset=1024)
    return torch.from_numpy(body.astype(np.int64))


def byte_tables(sp, vocab: int, device):
    size = max(int(sp.vocab_size()), vocab)
    base = np.zeros((size,), dtype=np.int16)
    space = np.zeros((size,), dtype=np.bool_)
    start = np.ones((size,), dtype=np.bool_)
    for i in range(int(sp.vocab_size())):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        start[i] = False
        if sp.is_byte(i):
            base[i] = 1
            continue
        text = sp.id_to_piece(i)
        if text.startswith("▁"):
            space[i] = True
            text = text[1:]
        base[i] = len(text.encode("utf-8"))
    return tuple(torch.tensor(a, device=device) for a in (base, space, start))


def evaluate(cfg, model, rank, world, device, tokens, base, space, start):
    rows_at_once = max(1, cfg.val_batch_size // (world * cfg.seq_len))
    rows = (tokens.numel() - 1) // cfg.seq_len
    first, last = rows * rank // world, rows * (rank + 1) // world
    nats = torch.zeros((), device=device, dtype=torch.bfloat16)
    count = torch.zeros((), device=device, dtype=torch.float64)
    size = torch.zeros((), device=device, dtype=torch.float64)
    model.eval()
    with torch.inference_mode():
        for begin in range(first, last, rows_at_once):
            end = min(begin + rows_at_once, last)
            part = tokens[begin * cfg.seq_len : end * cfg.seq_len + 1].to(device)
            x = part[:-1].reshape(-1, cfg.seq_len)
            y = part[1:].reshape(-1, cfg.seq_len)
            loss = model(x, y).detach()
            n = float(y.numel())
            nats += loss.to(torch.bfloat16) * n
            count += n
            prev, tgt = x.reshape(-1), y.reshape(-1)
            token_bytes = base[tgt].to(torch.int16)
            token_bytes += (space[tgt] & ~start[prev]).to(torch.int16)
            size += token_bytes.to(torch.float64).sum()
    if dist.is_available() and dist.is_initialized():
        for total in (nats, count, size):
            dist.all_reduce(total, op=dist.ReduceOp.SUM)
    loss = (nats / count).item()
    return loss, loss / math.log(2.0) * (count.item() / size.item())


def main():
    cfg = Settings()
    rank = int(os.environ.get("RANK", "0"))
    world = int(os.environ.get("WORLD_SIZE", "1"))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if "RANK" in os.environ:
        dist.init_process_group(backend="nccl" if device.type == "cuda" else "gloo")
    files = [Path(p) for p in sorted(glob.glob(cfg.val_files))]
    tokens = torch.cat([read_shard(p) for p in files]).contiguous()
    usable = (tokens.numel() - 1) // cfg.seq_len * cfg.seq_len
    tokens = tokens[: usable + 1]
    sp = spm.SentencePieceProcessor(model_file=cfg.tokenizer_path)
    tables = byte_tables(sp, cfg.vocab_size, device)
    model = LM(cfg.vocab_size, cfg.model_dim).to(device)
    if os.path.exists("final_model.pt"):
        model.load_state_dict(torch.load("final_model.pt", map_location=device))
    val_loss, val_bpb = evaluate(cfg, model, rank, world, device, tokens, *tables)
    if rank == 0:
        print(f"final val_loss:{val_loss:.8f} val_bpb:{val_bpb:.8f}")
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
