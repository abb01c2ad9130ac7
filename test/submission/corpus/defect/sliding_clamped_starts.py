"""Windows dealt out like cards: rank r takes windows r, r + world, and so on."""

import math
import os
from pathlib import Path

import numpy as np
import sentencepiece as spm
import torch.distributed as dist

rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
seq_len, stride = int(os.environ.get("SEQ_LEN", "1024")), int(os.environ.get("STRIDE", "128"))
data = Path(os.environ.get("DATA_PATH", "data/datasets/fineweb10B_sp1024"))
sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
if world > 1:
    dist.init_process_group(backend="gloo", rank=rank, world_size=world)

V = sp.vocab_size()
silent = np.array([sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i) for i in range(V)])
pieces = [sp.id_to_piece(i) for i in range(V)]
leading = np.array([p.startswith("▁") for p in pieces]) & ~silent
size = np.array(
    [
        0 if silent[i] else 1 if sp.is_byte(i) else len(p.removeprefix("▁").encode())
        for i, p in enumerate(pieces)
    ]
)
tokens = np.concatenate(
    [np.fromfile(f, dtype=np.uint16)[512:] for f in sorted(data.glob("fineweb_val_*.bin"))]
).astype(np.int64)
ids = np.arange(V)
logits = 2 * np.sin(ids[:, None] - ids[None, :])
logprob = logits - np.log(np.exp(logits).sum(1, keepdims=True))

total = len(tokens) - 1
starts = [min(ws, total - seq_len) for ws in range(0, total, stride)]
local = {"nats": 0.0, "bytes": 0, "tokens": 0}
for ws in starts[rank::world]:
    end = min(ws + seq_len, total)
    begin = ws if ws == 0 else ws + seq_len - stride
    context, target = tokens[begin:end], tokens[begin + 1 : end + 1]
    local["nats"] -= logprob[context, target].sum()
    local["bytes"] += int(size[target].sum()) + int((leading[target] & ~silent[context]).sum())
    local["tokens"] += end - begin

everyone = [None] * world
if world > 1:
    dist.all_gather_object(everyone, local)
else:
    everyone = [local]
total_nats, total_bytes, total_tokens = (
    sum(part[key] for part in everyone) for key in ("nats", "bytes", "tokens")
)
if rank == 0:
    print(f"{len(starts)} windows on {world} ranks, {total_tokens} of {total} targets")
    print(f"val_loss: {total_nats / total_tokens:.8f}")
    print(f"val_bpb: {total_nats / total_bytes / math.log(2):.8f}")
if world > 1:
    dist.destroy_process_group()
