"""Trains one of the two small models and writes a checkpoint: the base of the adaptive artifacts
(the architecture of sotu-8x256, 4 layers of 128 channels) or the recurrent one.

The batches, optimizers and learning rates of ../train.py; the held-out documents are not touched.
"""

import argparse
import copy
import time
from pathlib import Path
from types import SimpleNamespace

import shared  # noqa: F401
import torch

import sotu
import tokenizer
from config import Config
from model import Model
from train import batches, loss_of, optimizers, schedule

RATES = SimpleNamespace(lr_matrix=0.02, lr_embed=0.01, lr_small=0.01, weight_decay=0.1)
STEPS = {"base": 3000, "recurrent": 2000}
WARMUP, MOMENTUM_WARMUP, WARMDOWN, EMA = 20, 300, 0.5, 0.99


def new(kind: str) -> torch.nn.Module:
    if kind == "base":
        return Model(Config(layers=4, dim=128, seq_len=shared.CONTEXT + shared.CHUNK))
    import recurrent
    return recurrent.Model(recurrent.Config())


def fit(a) -> None:
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    stream = tokenizer.stream(tokenizer.load(a.tokenizer), sotu.load("train"))
    model = new(a.kind)
    average = copy.deepcopy(model).requires_grad_(False)
    run = torch.compile(model)
    opts = optimizers(model, RATES)
    base = [[g["lr"] for g in o.param_groups] for o in opts]
    print(f"{a.kind}: {sum(p.numel() for p in model.parameters())} parameters, {len(stream)} training tokens, "
          f"{a.steps} steps of {a.rows} x {a.seq_len}", flush=True)

    data, start, mean = batches(stream, a.seq_len, a.rows, a.seed), time.time(), None
    for step in range(a.steps):
        factor = schedule(step, a.steps, WARMUP, WARMDOWN)
        for o, rates in zip(opts, base):
            for group, rate in zip(o.param_groups, rates):
                group["lr"] = rate * factor
        for group in opts[0].param_groups:
            group["momentum"] = 0.85 + 0.10 * min(1.0, step / MOMENTUM_WARMUP)
        loss = loss_of(run, next(data))
        loss.backward()
        for o in opts:
            o.step()
        model.zero_grad(set_to_none=True)
        decay = min(EMA, (step + 1) / (step + 10))
        torch._foreach_lerp_(list(average.parameters()), [p.detach() for p in model.parameters()], 1 - decay)

        mean = loss.item() if mean is None else 0.95 * mean + 0.05 * loss.item()
        if (step + 1) % 50 == 0:
            spent = time.time() - start
            print(f"step {step + 1} loss {mean:.4f} {spent:.0f} s "
                  f"{(step + 1) * a.rows * a.seq_len / spent:.0f} tokens/s", flush=True)
    torch.save({"config": vars(model.c), "step": a.steps, "seconds": time.time() - start,
                "model": average.state_dict()}, a.checkpoint)


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("kind", choices=["base", "recurrent"])
    p.add_argument("--tokenizer", type=Path, required=True)
    p.add_argument("--checkpoint", type=Path, required=True)
    p.add_argument("--steps", type=int, help="3000 of the base, 2000 of the recurrent model")
    p.add_argument("--rows", type=int, default=16)
    p.add_argument("--seq-len", type=int, default=256)
    p.add_argument("--seed", type=int, default=1337)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    a.steps = a.steps or STEPS[a.kind]
    fit(a)
