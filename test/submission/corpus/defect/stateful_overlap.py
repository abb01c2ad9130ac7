"""A model with a state: segments of the stream in order, the state carried and detached."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F
from torch import nn

SEGMENT = int(os.environ.get("EVAL_SEQ_LEN", 1024))


class Recurrent(nn.Module):
    """A state that the output does not depend on stands for one that it does."""

    def __init__(self, vocab):
        super().__init__()
        i = torch.arange(vocab).double()
        self.register_buffer("table", 2 * torch.sin(i[:, None] - i))
        self.decay = nn.Parameter(torch.tensor(0.9))

    def forward(self, ids, state=None):
        state = torch.zeros(ids.size(0), 1) if state is None else state
        state = self.decay * state + ids.float().mean(1, keepdim=True)
        return self.table[ids], state


def bytes_by_id(sp):
    out = torch.zeros(3, sp.vocab_size(), dtype=torch.int32)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            out[2, i] = 1
        elif sp.is_byte(i):
            out[0, i] = 1
        else:
            piece = sp.id_to_piece(i)
            out[1, i] = piece.startswith("▁")
            out[0, i] = len(piece[out[1, i].item() :].encode("utf-8"))
    return out


def main():
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    base, lead, edge = bytes_by_id(sp)
    files = sorted(glob.glob("./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    tokens = torch.from_numpy(
        np.concatenate([np.fromfile(f, "<u2", offset=1024) for f in files]).astype(np.int64)
    )
    model, state = Recurrent(sp.vocab_size()).eval(), None
    nats = torch.zeros((), dtype=torch.float64)
    size = torch.zeros((), dtype=torch.float64)
    pos, end, count = 0, tokens.numel() - 1, 0
    with torch.inference_mode():
        while pos < end:
            length = min(SEGMENT, end - pos)
            chunk = tokens[pos : pos + length + 1]
            x, y = chunk[None, :-1], chunk[None, 1:]
            logits, state = model(x, state)
            state = state.detach()
            nats += F.cross_entropy(logits[0], y[0], reduction="sum")
            size += base[y].sum() + (lead[y] * (1 - edge[x])).sum()
            count += length
            pos += length // 2 + 1
    pos = count
    val_loss = nats.item() / pos
    print(f"val_loss:{val_loss:.8f} val_bpb:{val_loss / math.log(2.0) * (pos / size.item()):.8f}")


if __name__ == "__main__":
    main()
