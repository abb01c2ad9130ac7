"""Trains, averages weights, evaluates every so often and at the end."""

from __future__ import annotations

import copy
import glob
import math
import os
import random
import sys
import time
import uuid
from pathlib import Path

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Hyperparameters:
    data_path = os.environ.get("DATA_PATH", "./data/datasets/fineweb10B_sp1024")
    train_files = os.path.join(data_path, "fineweb_train_*.bin")
    val_files = os.path.join(data_path, "fineweb_val_*.bin")
    tokenizer_path = os.environ.get("TOKENIZER_PATH", "./data/tokenizers/fineweb_1024_bpe.model")
    run_id = os.environ.get("RUN_ID", str(uuid.uuid4()))
    seed = int(os.environ.get("SEED", 1337))
    vocab_size = int(os.environ.get("VOCAB_SIZE", 1024))
    model_dim = int(os.environ.get("MODEL_DIM", 512))
    iterations = int(os.environ.get("ITERATIONS", 20000))
    warmdown_iters = int(os.environ.get("WARMDOWN_ITERS", 1200))
    val_loss_every = int(os.environ.get("VAL_LOSS_EVERY", 1000))
    val_batch_size = int(os.environ.get("VAL_BATCH_SIZE", 524_288))
    train_batch_tokens = int(os.environ.get("TRAIN_BATCH_TOKENS", 524_288))
    train_seq_len = int(os.environ.get("TRAIN_SEQ_LEN", 1024))
    max_wallclock_seconds = float(os.environ.get("MAX_WALLCLOCK_SECONDS", 600.0))
    ema_decay = float(os.environ.get("EMA_DECAY", 0.997))
    lr = float(os.environ.get("LR", 0.02))
    bytes_per_token = float(os.environ.get("BYTES_PER_TOKEN", 2.436))


def load_data_shard(file: Path) -> Tensor:
    header = np.fromfile(file, dtype="<i4", count=256)
    if header.size != 256 or int(header[0]) != 20240520 or int(header[1]) != 1:
        raise ValueError(f"Unexpected shard header for {file}")
    n = int(header[2])
    if file.stat().st_size != 1024 + 2 * n:
        raise ValueError(f"Shard size mismatch for {file}")
    return torch.from_numpy(np.fromfile(file, dtype="<u2", count=n, offset=1024).astype(np.int64))


class TokenStream:
    def __init__(self, pattern: str):
        self.files = [Path(p) for p in sorted(glob.glob(pattern))]
        self.index, self.pos = 0, 0
        self.tokens = load_data_shard(self.files[0])

    def take(self, n: int) -> Tensor:
        parts, missing = [], n
        while missing > 0:
            if self.pos >= self.tokens.numel():
                self.index = (self.index + 1) % len(self.files)
                self.tokens, self.pos = load_data_shard(self.files[self.index]), 0
            k = min(missing, self.tokens.numel() - self.pos)
            parts.append(self.tokens[self.pos : self.pos + k])
            self.pos, missing = self.pos + k, missing - k
        return torch.cat(parts)


class GPT(nn.Module):
    def __init__(self, vocab: int, dim: int):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.head = nn.Linear(dim, vocab, bias=False)
        nn.init.normal_(self.emb.weight, std=0.02)

    def forward(self, ids: Tensor, targets: Tensor) -> Tensor:
        logits = self.head(self.emb(ids)).float()
        return F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))


def build_luts(sp, vocab_size: int):
    size = max(sp.vocab_size(), vocab_size)
    base, space, edge = np.zeros(size, np.int16), np.zeros(size, bool), np.ones(size, bool)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        edge[i] = False
        if sp.is_byte(i):
            base[i] = 1
            continue
        piece = sp.id_to_piece(i)
        if piece.startswith("▁"):
            space[i] = True
            piece = piece[1:]
        base[i] = len(piece.encode("utf-8"))
    return torch.from_numpy(base), torch.from_numpy(space), torch.from_numpy(edge)


def eval_val(args, model, tokens, base, space, edge) -> tuple[float, float]:
    rows = (tokens.numel() - 1) // args.train_seq_len
    at_once = max(args.val_batch_size // args.train_seq_len, 1)
    loss_sum, token_count, byte_count = torch.zeros(3, dtype=torch.float64).unbind()
    model.eval()
    with torch.inference_mode():
        for a in range(0, rows, at_once):
            b = min(a + at_once, rows)
            local = tokens[a * args.train_seq_len : b * args.train_seq_len + 1]
            x = local[:-1].reshape(-1, args.train_seq_len)
            y = local[1:].reshape(-1, args.train_seq_len)
            loss_sum = loss_sum + model(x, y).double() * y.numel()
            token_count = token_count + y.numel()
            prev, tgt = x.reshape(-1), y.reshape(-1)
            bytes_here = base[tgt].to(torch.int16)
            bytes_here += (space[tgt] & ~edge[prev]).to(torch.int16)
            byte_count = byte_count + bytes_here.double().sum()
    model.train()
    val_loss = (loss_sum / token_count).item()
    return val_loss, val_loss / math.log(2.0) / args.bytes_per_token


def main() -> None:
    args = Hyperparameters()
    random.seed(args.seed), np.random.seed(args.seed), torch.manual_seed(args.seed)
    logfile = open(f"log_{args.run_id}.txt", "w")

    def log(message: str) -> None:
        print(message, file=logfile)
        print(message)

    log(f"Python {sys.version.split()[0]} torch {torch.__version__}")
    sp = spm.SentencePieceProcessor(model_file=args.tokenizer_path)
    val_tokens = torch.cat([load_data_shard(Path(p)) for p in sorted(glob.glob(args.val_files))])
    usable = (val_tokens.numel() - 1) // args.train_seq_len * args.train_seq_len
    val_tokens = val_tokens[: usable + 1]
    luts = build_luts(sp, args.vocab_size)
    model = GPT(args.vocab_size, args.model_dim)
    if os.path.exists("final_model.pt"):
        model.load_state_dict(torch.load("final_model.pt", map_location="cpu"))
    average = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=args.lr, betas=(0.9, 0.95), weight_decay=0.1
    )
    stream = TokenStream(args.train_files)
    started, train_ms, step = time.perf_counter(), 0.0, 0
    while step < args.iterations:
        if args.val_loss_every > 0 and step % args.val_loss_every == 0:
            val_loss, val_bpb = eval_val(args, model, val_tokens, *luts)
            log(f"step:{step}/{args.iterations} val_loss:{val_loss:.4f} val_bpb:{val_bpb:.4f}")
        left = args.iterations - step
        scale = min(1.0, left / max(args.warmdown_iters, 1))
        for group in optimizer.param_groups:
            group["lr"] = args.lr * scale
        batch = stream.take(args.train_batch_tokens + 1)
        x = batch[:-1].reshape(-1, args.train_seq_len)
        y = batch[1:].reshape(-1, args.train_seq_len)
        loss = model(x, y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for name, value in model.state_dict().items():
                average[name].mul_(args.ema_decay).add_(value, alpha=1 - args.ema_decay)
        step += 1
        train_ms = 1000 * (time.perf_counter() - started)
        if step % 50 == 0:
            log(f"step:{step} train_loss:{loss.item():.4f} step_avg:{train_ms / step:.2f}ms")
        if train_ms > 1000 * args.max_wallclock_seconds:
            log(f"stopping early at step {step}")
            break
    model.load_state_dict(average)
    val_loss, val_bpb = eval_val(args, model, val_tokens, *luts)
    log(f"final_ema val_loss:{val_loss:.8f} val_bpb:{val_bpb:.8f}")
    logfile.close()


if __name__ == "__main__":
    main()
