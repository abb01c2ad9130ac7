"""Score first, then adapt: the loop of docs/adaptive.md in a few lines, for PyTorch and for ONNX Runtime.

For each chunk of a document: its logits, its nats written down, and only then a step on its targets.
"""

from dataclasses import dataclass
from typing import Callable

import shared
import torch
from torch import Tensor

import tokenizer

State = dict[str, Tensor]


@dataclass(frozen=True)
class Procedure:
    """`score(ids, state)` gives logits, of the last positions at least, and new state; `adapt(ids, targets, state)` gives new state.
    Every tensor has the documents first; `init` is the state of one document."""

    score: Callable[[Tensor, State], tuple[Tensor, State]]
    adapt: Callable[[Tensor, Tensor, State], State] | None
    init: State
    context: int
    chunk: int = shared.CHUNK


def documents(stream: Tensor) -> list[tuple[int, int]]:
    """(first input, targets) of each; a document's last target is the next one's BOS."""
    begins = (stream == tokenizer.BOS).nonzero()[:, 0].tolist()
    return [(begin, end - begin) for begin, end in zip(begins, begins[1:] + [len(stream) - 1])]


@torch.no_grad()
def nats(p: Procedure, stream: Tensor, docs: list[tuple[int, int]], batch: int = 4) -> list[Tensor]:
    """The nats of every target of each document, float64, `batch` documents side by side."""
    out = [torch.full((n,), torch.nan, dtype=torch.float64) for _, n in docs]
    order = sorted(range(len(docs)), key=lambda i: -docs[i][1])
    for first in range(0, len(order), batch):
        group = order[first:first + batch]
        state = {i: dict(p.init) for i in group}
        for s in range(0, docs[group[0]][1], p.chunk):
            # Documents with a whole chunk go together; the last, short one of each goes alone.
            whole = [i for i in group if docs[i][1] - s >= p.chunk]
            for rows in [whole] * bool(whole) + [[i] for i in group if 0 < docs[i][1] - s < p.chunk]:
                step(p, stream, docs, rows, s, state, out)
    return out


def step(p: Procedure, stream: Tensor, docs: list, rows: list[int], s: int, state: dict[int, State], out: list) -> None:
    c, k = min(p.chunk, docs[rows[0]][1] - s), min(p.context, s)
    ids = torch.stack([stream[docs[i][0] + s - k:docs[i][0] + s + c] for i in rows])
    targets = torch.stack([stream[docs[i][0] + s + 1:docs[i][0] + s + c + 1] for i in rows])
    now = {name: torch.stack([state[i][name] for i in rows]) for name in p.init}

    logits, wrote = p.score(ids, now)
    each = -logits[:, -c:].double().log_softmax(-1).gather(-1, targets[..., None])[..., 0]
    for i, values in zip(rows, each):
        assert out[i][s:s + c].isnan().all(), "a target scored twice"
        out[i][s:s + c] = values

    now |= wrote
    # A short chunk is a document's last one: nothing would read what it writes.
    if p.adapt is not None and c == p.chunk:
        now |= p.adapt(ids, targets, now)
    for at, i in enumerate(rows):
        state[i] = {name: now[name][at] for name in p.init}
