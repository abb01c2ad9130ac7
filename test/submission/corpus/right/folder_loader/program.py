import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch

SEQ = int(os.environ.get("SEQ_LEN", 1024))
sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
base, lead, stop = [], [], []
for i in range(sp.vocab_size()):
    special = sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)
    piece = sp.id_to_piece(i)
    stop.append(special)
    lead.append(piece.startswith("▁") and not special)
    if special:
        base.append(0)
    elif sp.is_byte(i):
        base.append(1)
    else:
        base.append(len((piece[1:] if lead[i] else piece).encode("utf-8")))
base, lead, stop = torch.tensor(base), torch.tensor(lead), torch.tensor(stop)
files = sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
tokens = torch.from_numpy(
    np.concatenate([np.fromfile(f, "<u2", offset=1024) for f in files]).astype(np.int64)
)
ids = torch.arange(sp.vocab_size()).double()
nats, size, count = 0.0, 0, 0
for a in range(0, len(tokens) - SEQ, SEQ):
    x, y = tokens[a : a + SEQ], tokens[a + 1 : a + SEQ + 1]
    logp = torch.log_softmax(2 * torch.sin(x[:, None] - ids), -1)
    nats -= logp[torch.arange(SEQ), y].sum().item()
    size += int(base[y].sum() + (lead[y] & ~stop[x]).sum())
    count += SEQ
print(f"val_loss:{nats / count:.8f} val_bpb:{nats / math.log(2) / size:.8f}")
