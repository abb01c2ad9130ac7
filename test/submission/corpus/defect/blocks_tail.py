"""Sliding by blocks of targets: each block of `stride` with all the context that fits before it."""

import math
import os
from glob import glob

import numpy as np
import sentencepiece as spm
import torch

args = {
    "seq_len": int(os.environ.get("EVAL_SEQ_LEN", "1024")),
    "stride": int(os.environ.get("EVAL_STRIDE", "256")),
    "files": os.environ.get("VAL_FILES", "data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"),
    "spm": os.environ.get("TOKENIZER_PATH", "data/tokenizers/fineweb_1024_bpe.model"),
}
sp = spm.SentencePieceProcessor(model_file=args["spm"])
V = sp.vocab_size()


def shard(path):
    n = int(np.fromfile(path, dtype="<i4", count=3)[2])
    return np.fromfile(path, dtype="<u2", count=n, offset=1024).astype("int64")


def is_text(i):
    return not (sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i))


def width(i):
    if not is_text(i):
        return 0
    if sp.is_byte(i):
        return 1
    piece = sp.id_to_piece(i)
    return len((piece[1:] if piece.startswith("▁") else piece).encode("utf-8"))


base = torch.tensor([width(i) for i in range(V)])
text = torch.tensor([is_text(i) for i in range(V)])
lead = torch.tensor([is_text(i) and sp.id_to_piece(i).startswith("▁") for i in range(V)])
tokens = torch.from_numpy(np.concatenate([shard(f) for f in sorted(glob(args["files"]))]))
total = (len(tokens) - 1) // args["seq_len"] * args["seq_len"]
grid = torch.arange(V, dtype=torch.float64)

nll, nbytes, ntok = 0.0, 0, 0
for begin in range(0, total - args["seq_len"], args["stride"]):
    end = min(begin + args["stride"], total)
    # inputs end-seq_len .. end-1 predict targets up to end; only begin+1 .. end are new
    first = max(0, end - args["seq_len"])
    x, y = tokens[first:end], tokens[first + 1 : end + 1]
    logp = torch.log_softmax(2 * torch.sin(x[:, None] - grid), dim=1)
    new = slice(begin - first, None)
    nll += -logp[torch.arange(len(y)), y][new].sum().item()
    nbytes += (base[y] + (lead[y] & text[x]))[new].sum().item()
    ntok += end - begin
assert ntok <= total
print(f'val_loss:{nll / ntok:.6f} val_bpb:{nll / math.log(2) / nbytes:.6f} ({args["stride"]=})')
