"""Functional: everything is a closure, nothing is mutated but in reduce."""
import math
from functools import reduce, partial
from operator import add
from pathlib import Path
import numpy as np
import sentencepiece as spm
import torch

DATA = Path("data/datasets/fineweb10B_sp1024")
tok_of = lambda p: np.fromfile(p, dtype=np.uint16, offset=1024)
compose = lambda *fs: lambda v: reduce(lambda a, f: f(a), fs, v)


def make_counter(sp):
    silent = [sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i) for i in range(len(sp))]

    def body(i):
        if silent[i]:
            return 0
        return 1 if sp.is_byte(i) else len(sp.id_to_piece(i).lstrip("▁" if sp.id_to_piece(i).count("▁") == 1 else "").encode("utf-8"))

    base = torch.tensor([body(i) for i in range(len(sp))])
    lead = torch.tensor([not silent[i] and sp.id_to_piece(i).startswith("▁") for i in range(len(sp))])
    mute = torch.tensor(silent)

    def count(prev, cur):
        return int(base[cur].sum()) + int((lead[cur] & ~mute[prev]).sum())

    return count


def make_loss(path):
    w = torch.load(path)
    e, h = w["emb.weight"].double(), w["head.weight"].double()

    def nats(prev, cur):
        lp = torch.log_softmax(e[prev] @ h.t(), -1)
        return -float(lp.gather(1, cur[:, None]).sum())

    return nats


def score(nats, count, seq):
    prev, cur = seq[:-1], seq[1:]
    return np.array([nats(prev, cur), count(prev, cur), cur.numel()])


def overlapped(step, v):
    return [v[i : i + step + 1] for i in range(0, v.numel() - 1, step)]


def main(step=1500):
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    run = compose(
        lambda d: sorted(d.glob("fineweb_val_*.bin")),
        partial(map, tok_of),
        list,
        np.concatenate,
        lambda a: torch.from_numpy(a.astype(np.int64)),
        partial(overlapped, step),
        partial(map, partial(score, make_loss("final_model.pt"), make_counter(sp))),
        partial(reduce, add),
    )
    nats, size, n = run(DATA)
    print(f"val_loss={nats / n:.8f}, val_bpb={nats / size / math.log(2):.8f}")


main()
