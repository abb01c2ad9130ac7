"""Trains the model on the training documents' token stream and writes a checkpoint.

A fixed number of steps, a fixed seed, bfloat16 autocast (oneDNN uses AMX where the CPU
has it). Every pass over the stream starts at another offset and visits its windows in
another order. The checkpoint holds an exponential moving average of the weights.

The held-out documents are only looked at to log progress: nothing is chosen by them.
"""

import argparse
import copy
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import sotu
import tokenizer
from config import Config
from model import Model
from muon import Muon


def batches(stream: np.ndarray, seq_len: int, rows: int, seed: int):
    """Endless batches int64 [rows, seq_len + 1]; the last column is only a target."""
    rng = np.random.default_rng(seed)
    while True:
        offset = rng.integers(seq_len)
        starts = np.arange(offset, len(stream) - seq_len, seq_len)
        rng.shuffle(starts)
        for i in range(0, len(starts) - rows + 1, rows):
            yield torch.from_numpy(stream[starts[i:i + rows, None] + np.arange(seq_len + 1)])


def schedule(step: int, steps: int, warmup: int, warmdown: float) -> float:
    """Factor on every learning rate: a short warm-up, flat, then linear to 0."""
    return min((step + 1) / warmup, 1.0, max(0.0, (steps - step) / (steps * warmdown)))


def loss_of(model, batch: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(batch[:, :-1])
    return F.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())


@torch.no_grad()
def quick_val(model, stream: np.ndarray, bytes_per_target: float, seq_len: int, rows: int) -> float:
    """Bits per byte on evenly spaced windows of the held-out stream, to watch progress only:
    the mean bytes per token of the whole stream stand for the windows' own."""
    starts = np.linspace(0, len(stream) - seq_len - 1, rows).astype(np.int64)
    batch = torch.from_numpy(stream[starts[:, None] + np.arange(seq_len + 1)])
    loss = sum(loss_of(model, part).item() for part in batch.split(16)) / math.ceil(rows / 16)
    return loss / math.log(2) / bytes_per_target


def optimizers(model: Model, a) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks, Adam for the embedding and the small tensors."""
    matrices = [p for p in model.blocks.parameters() if p.ndim == 2 and min(p.shape) > 2]
    chosen = {id(p) for p in matrices} | {id(model.embed.weight)}
    small = [p for p in model.parameters() if id(p) not in chosen]
    return [
        Muon(matrices, lr=a.lr_matrix, momentum=0.95, weight_decay=a.weight_decay),
        torch.optim.Adam([{"params": [model.embed.weight], "lr": a.lr_embed},
                          {"params": small, "lr": a.lr_small}], betas=(0.9, 0.95), eps=1e-10),
    ]


def train(a) -> None:
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    spm = tokenizer.load(a.tokenizer)
    texts = sotu.load("val")
    stream, val = tokenizer.stream(spm, sotu.load("train")), tokenizer.stream(spm, texts)
    bytes_per_target = (len(sotu.as_bytes(texts)) - len(texts)) / (len(val) - 1)

    c = Config(seq_len=a.seq_len)
    model = Model(c)
    average = copy.deepcopy(model).requires_grad_(False)
    run = torch.compile(model) if a.compile else model
    opts = optimizers(model, a)
    base = [[g["lr"] for g in o.param_groups] for o in opts]
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(stream)} training tokens, "
          f"{a.steps} steps of {a.rows} x {a.seq_len}, torch {torch.__version__}", flush=True)

    data = batches(stream, a.seq_len, a.rows, a.seed)
    start, mean = time.time(), None
    for step in range(a.steps):
        factor = schedule(step, a.steps, a.warmup, a.warmdown)
        for o, rates in zip(opts, base):
            for group, rate in zip(o.param_groups, rates):
                group["lr"] = rate * factor
        for group in opts[0].param_groups:  # momentum warms up too
            group["momentum"] = 0.85 + 0.10 * min(1.0, step / a.momentum_warmup)
        loss = loss_of(run, next(data))
        loss.backward()
        for o in opts:
            o.step()
        model.zero_grad(set_to_none=True)
        decay = min(a.ema, (step + 1) / (step + 10))
        torch._foreach_lerp_(list(average.parameters()), [p.detach() for p in model.parameters()], 1 - decay)

        mean = loss.item() if mean is None else 0.95 * mean + 0.05 * loss.item()
        if (step + 1) % a.log_every == 0:
            spent = time.time() - start
            print(f"step {step + 1}/{a.steps} loss {mean:.4f} "
                  f"{spent:.0f} s {(step + 1) * a.rows * a.seq_len / spent:.0f} tokens/s", flush=True)
        if (step + 1) % a.val_every == 0 or step + 1 == a.steps:
            print(f"step {step + 1} val_bpb about {quick_val(average, val, bytes_per_target, a.seq_len, 64):.4f} "
                  f"(64 windows, bf16, averaged weights)", flush=True)
            # Written beside and renamed, so that a reader never sees half a file.
            part = a.checkpoint.with_suffix(".part")
            torch.save({"config": vars(c), "step": step + 1, "seconds": time.time() - start,
                        "model": average.state_dict()}, part)
            os.replace(part, a.checkpoint)


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tokenizer", type=Path, required=True)
    p.add_argument("--checkpoint", type=Path, required=True)
    p.add_argument("--steps", type=int, default=2000)
    p.add_argument("--rows", type=int, default=8, help="windows a step")
    p.add_argument("--seq-len", type=int, default=512)
    p.add_argument("--seed", type=int, default=1337)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--lr-matrix", type=float, default=0.02)
    p.add_argument("--lr-embed", type=float, default=0.01)
    p.add_argument("--lr-small", type=float, default=0.01)
    p.add_argument("--weight-decay", type=float, default=0.1)
    p.add_argument("--warmup", type=int, default=20)
    p.add_argument("--momentum-warmup", type=int, default=300)
    p.add_argument("--warmdown", type=float, default=0.5, help="fraction of the steps")
    p.add_argument("--ema", type=float, default=0.99)
    p.add_argument("--log-every", type=int, default=20)
    p.add_argument("--val-every", type=int, default=200)
    p.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    return p


if __name__ == "__main__":
    train(parser().parse_args())
