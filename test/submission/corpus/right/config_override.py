"""Settings by name in one dictionary; the environment overrides each in its own type."""

import glob
import math
import os
import types

import numpy as np
import sentencepiece as spm
import torch

DEFAULTS = dict(
    train_seq_len=1024,
    val_fraction=1.0,
    tokens_per_batch=65536,
    tokenizer_path="data/tokenizers/fineweb_1024_bpe.model",
    data_path="data/datasets/fineweb10B_sp1024",
)
C = types.SimpleNamespace(**{k: type(v)(os.environ.get(k.upper(), v)) for k, v in DEFAULTS.items()})


def tables(sp):
    columns = {"size": [], "space": [], "bos": []}
    for i in range(sp.vocab_size()):
        special = sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)
        piece = "" if special or sp.is_byte(i) else sp.id_to_piece(i)
        columns["bos"].append(special)
        columns["space"].append(piece.startswith("▁"))
        columns["size"].append(int(sp.is_byte(i)) or len(piece.removeprefix("▁").encode("utf-8")))
    return types.SimpleNamespace(**{k: torch.tensor(v) for k, v in columns.items()})


def rows_of(tokens):
    n = (len(tokens) - 1) // C.train_seq_len
    if C.val_fraction < 1.0:
        raise SystemExit(f"a result needs all of the set, not {C.val_fraction:.0%} of it")
    return n


def main():
    sp = spm.SentencePieceProcessor(model_file=C.tokenizer_path)
    t = tables(sp)
    paths = sorted(glob.glob(f"{C.data_path}/fineweb_val_*.bin"))
    tokens = torch.from_numpy(
        np.concatenate([np.fromfile(p, "<u2", offset=1024) for p in paths]).astype(np.int64)
    )
    ids, end = torch.arange(sp.vocab_size()).double(), rows_of(tokens) * C.train_seq_len
    step = max(C.tokens_per_batch // C.train_seq_len, 1) * C.train_seq_len
    metrics = dict.fromkeys(("nats", "bytes"), 0.0)
    for at in range(0, end, step):
        x, y = tokens[at : min(at + step, end)], tokens[at + 1 : min(at + step, end) + 1]
        z = 2 * torch.sin(x.unsqueeze(1) - ids)
        metrics["nats"] += torch.nn.functional.cross_entropy(z, y, reduction="sum").item()
        metrics["bytes"] += (t.size[y].sum() + (t.space[y] & ~t.bos[x]).sum()).item()
    loss = metrics["nats"] / end
    print("val_loss:%.8f val_bpb:%.8f" % (loss, loss / math.log(2) * end / metrics["bytes"]))


main()
