"""A Triton kernel that reads each logit once: log-sum-exp and the target's logit of a row a program."""

import torch
import triton
import triton.language as tl

# (BLOCK, warps); the fastest of those that are no longer than the row is what counts.
SHAPES = ((1024, 4), (4096, 8), (8192, 16))


@triton.jit
def one_read_kernel(
    logits, targets, nats, stride, VOCAB: tl.constexpr, CAP: tl.constexpr, BLOCK: tl.constexpr
):
    row = tl.program_id(0).to(tl.int64)
    base = logits + row * stride
    top = -float("inf")
    total = 0.0
    for start in range(0, VOCAB, BLOCK):
        at = start + tl.arange(0, BLOCK)
        there = at < VOCAB
        x = tl.load(base + at, mask=there, other=0.0).to(tl.float32)
        if CAP > 0:
            x = CAP * (1 - 2 / (tl.exp(2 / CAP * x) + 1))
        x = tl.where(there, x, -float("inf"))
        larger = tl.maximum(top, tl.max(x, axis=0))
        total = total * tl.exp(top - larger) + tl.sum(tl.exp(x - larger), axis=0)
        top = larger
    x = tl.load(base + tl.load(targets + row)).to(tl.float32)
    if CAP > 0:
        x = CAP * (1 - 2 / (tl.exp(2 / CAP * x) + 1))
    tl.store(nats + row, tl.log(total) + (top - x))


def one_read(logits, targets, softcap, block, warps):
    """Nats [rows], fp32, of logits [rows, vocab] and targets [rows]; softcap 0 is none."""
    nats = torch.empty(len(logits), dtype=torch.float32, device=logits.device)
    one_read_kernel[(len(logits),)](
        logits,
        targets,
        nats,
        logits.stride(0),
        VOCAB=logits.shape[1],
        CAP=softcap,
        BLOCK=block,
        num_warps=warps,
    )
    return nats


def shapes_for(vocab):
    return [shape for shape in SHAPES if shape[0] < 2 * vocab]
