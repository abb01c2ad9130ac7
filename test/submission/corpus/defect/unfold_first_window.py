"""Windows by Tensor.unfold; what unfold leaves at the end is scored by one more window."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch

SEQ = int(os.environ.get("EVAL_SEQ_LEN", 1024))
HOP = int(os.environ.get("EVAL_STRIDE", 512))
sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")


def table():
    for i in range(sp.vocab_size()):
        if sp.is_byte(i):
            yield (1, 0, 0)
        elif sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            yield (0, 0, 1)
        else:
            raw = sp.id_to_piece(i).encode("utf-8")
            marked = raw.startswith(b"\xe2\x96\x81")
            yield (len(raw) - 3 if marked else len(raw), int(marked), 0)


base, lead, edge = torch.tensor(list(table())).unbind(1)
files = sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
data = torch.from_numpy(
    np.concatenate([np.fromfile(f, "<u2", -1, offset=1024) for f in files]).astype(int)
)
n = data.numel() - 1
freq = torch.arange(sp.vocab_size()).double()


def nll(x, y):
    z = 2 * torch.sin(x.unsqueeze(-1) - freq)
    return z.logsumexp(-1) - z.gather(-1, y.unsqueeze(-1)).squeeze(-1)


def bytes_of(x, y):
    return (base[y] + lead[y] * (1 - edge[x])).sum()


xs, ys = data[:-1].unfold(0, SEQ, HOP), data[1:].unfold(0, SEQ, HOP)
loss = nll(xs[:, SEQ - HOP :], ys[:, SEQ - HOP :]).sum()
size = bytes_of(xs[:, SEQ - HOP :], ys[:, SEQ - HOP :])
covered = SEQ + (xs.size(0) - 1) * HOP
if covered < n:
    context = data[n - SEQ : n], data[n - SEQ + 1 :]
    fresh = n - covered
    loss = loss + nll(*context)[-fresh:].sum()
    size = size + bytes_of(context[0][-fresh:], context[1][-fresh:])
n -= SEQ - HOP
print(f"val_loss:{loss.item() / n:.8f} val_bpb:{(loss / size).item() / math.log(2):.8f}")
