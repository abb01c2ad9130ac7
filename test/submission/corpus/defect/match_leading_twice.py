"""Which evaluation runs is a word in the environment; both are right."""

import math
import os
from pathlib import Path

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

CONFIG = {
    "mode": os.environ.get("EVAL_MODE", "sliding"),
    "seq": int(os.environ.get("EVAL_SEQ_LEN", "1024")),
    "stride": int(os.environ.get("EVAL_STRIDE", "64")),
    "paths": {
        "data": Path(os.environ.get("DATA_PATH", "data/datasets/fineweb10B_sp1024")),
        "tokenizer": os.environ.get("TOKENIZER_PATH", "data/tokenizers/fineweb_1024_bpe.model"),
    },
}


def plan(total, config):
    match config:
        case {"mode": "chunk", "seq": seq}:
            for begin in range(0, total // seq * seq, seq):
                yield begin, begin + seq, begin
        case {"mode": "sliding", "seq": seq, "stride": stride}:
            yield 0, min(seq, total), 0
            for begin in range(seq, total, stride):
                end = min(begin + stride, total)
                yield end - seq, end, begin
        case {"mode": other}:
            raise SystemExit(f"no mode {other!r}: {', '.join(['chunk', 'sliding'])}")


def kind(sp, i):
    match (sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i), sp.is_byte(i)):
        case (True, _):
            return 0, False, True
        case (False, True):
            return 1, False, False
    match sp.id_to_piece(i):
        case str(piece) if piece.startswith("▁"):
            return len(piece.replace("▁", " ").encode()), True, False
        case piece:
            return len(piece.encode()), False, False


sp = spm.SentencePieceProcessor(model_file=CONFIG["paths"]["tokenizer"])
base, lead, edge = (torch.tensor(c) for c in zip(*(kind(sp, i) for i in range(len(sp)))))
files = sorted(CONFIG["paths"]["data"].glob("fineweb_val_*.bin"))
tokens = torch.from_numpy(
    np.concatenate([np.fromfile(f, "<u2", offset=1024) for f in files]).astype(np.int64)
)
ids = torch.arange(len(sp), dtype=torch.float64)
nats = size = count = 0
for start, end, first in plan(len(tokens) - 1, CONFIG):
    x, y = tokens[start:end], tokens[start + 1 : end + 1]
    keep = first - start
    nats += F.cross_entropy(2 * torch.sin(x[:, None] - ids), y, reduction="none")[keep:].sum()
    size += (base[y] + (lead[y] & ~edge[x]).int())[keep:].sum()
    count += end - first
report = {"val_loss": nats.item() / count, "val_bpb": (nats / size).item() / math.log(2)}
print(f"{CONFIG['mode']}: {' '.join(f'{name}:{value:.7f}' for name, value in report.items())}")
