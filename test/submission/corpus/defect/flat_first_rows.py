# Everything at module level, the way a notebook is exported.
import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch

T = int(os.environ.get("SEQ_LEN", "1024"))
DATA = os.environ.get("DATA_PATH", "data/datasets/fineweb10B_sp1024")
sp = spm.SentencePieceProcessor()
sp.load("data/tokenizers/fineweb_1024_bpe.model")
V = sp.vocab_size()

stream = []
for name in sorted(glob.glob(DATA + "/fineweb_val_*.bin")):
    with open(name, "rb") as f:
        head = np.frombuffer(f.read(1024), dtype=np.int32)
        assert head[0] == 20240520 and head[1] == 1, name
        stream.append(np.frombuffer(f.read(2 * int(head[2])), dtype=np.uint16))
stream = np.concatenate(stream).astype(np.int64)

nbytes = [0] * V
leads = [False] * V
special = [True] * V
for tid in range(V):
    if sp.is_byte(tid):
        nbytes[tid], special[tid] = 1, False
    elif not (sp.is_control(tid) or sp.is_unknown(tid) or sp.is_unused(tid)):
        p = sp.id_to_piece(tid)
        special[tid] = False
        leads[tid] = p[:1] == "\u2581"
        nbytes[tid] = len(p[1:].encode() if leads[tid] else p.encode())
nbytes = torch.tensor(nbytes, dtype=torch.long)
leads = torch.tensor(leads)
special = torch.tensor(special)

ids = torch.arange(V, dtype=torch.float64)
table = 2.0 * torch.sin(ids[:, None] - ids[None, :])  # a fixed bigram model

tokens = torch.from_numpy(stream)
n_rows = min(500, (len(tokens) - 1) // T)
total_nats = 0.0
total_bytes = 0
total_tokens = 0
for row in range(n_rows):
    x = tokens[row * T : (row + 1) * T]
    y = tokens[row * T + 1 : (row + 1) * T + 1]
    logp = torch.log_softmax(table[x], dim=-1)
    total_nats -= logp.gather(1, y[:, None]).sum().item()
    total_bytes += int(nbytes[y].sum() + (leads[y] & ~special[x]).sum())
    total_tokens += T
val_loss = total_nats / total_tokens
val_bpb = total_nats / math.log(2) / total_bytes
print(f"val_loss: {val_loss:.7f} val_bpb: {val_bpb:.7f} over {total_bytes} bytes")
