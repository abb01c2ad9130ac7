"""Document by document, cut at BOS; the next document's BOS is the last target of the one before."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

BOS_ID = 1
CTX = int(os.environ.get("EVAL_SEQ_LEN", 1024))


def load_all(pattern):
    files = sorted(glob.glob(pattern))
    if not files:
        raise FileNotFoundError(pattern)
    return torch.from_numpy(
        np.concatenate([np.fromfile(f, "<u2", offset=1024) for f in files]).astype(np.int64)
    )


def find_docs(tokens):
    starts = (tokens == BOS_ID).nonzero(as_tuple=True)[0].tolist()
    spans = []
    for s, following in zip(starts, starts[1:]):
        spans.append((s, following + 1))
    return spans


def tables(sp, vocab_size):
    base = torch.zeros(vocab_size, dtype=torch.int16)
    has_space = torch.zeros(vocab_size, dtype=torch.bool)
    boundary = torch.ones(vocab_size, dtype=torch.bool)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        boundary[i] = False
        if sp.is_byte(i):
            base[i] = 1
        else:
            p = sp.id_to_piece(i)
            if p.startswith("▁"):
                has_space[i] = True
                p = p[1:]
            base[i] = len(p.encode("utf-8"))
    return base, has_space, boundary


def main():
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    vocab = int(os.environ.get("VOCAB_SIZE", 1024))
    base, has_space, boundary = tables(sp, max(vocab, sp.vocab_size()))
    tokens = load_all("./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin")
    ids = torch.arange(vocab).float()
    loss_sum = torch.zeros((), dtype=torch.float64)
    byte_sum = torch.zeros((), dtype=torch.float64)
    n = 0
    docs = find_docs(tokens)
    for start, end in docs:
        doc = tokens[start:end]
        for at in range(0, doc.numel() - 1, CTX):
            x = doc[at : min(at + CTX, doc.numel() - 1)]
            y = doc[at + 1 : at + 1 + x.numel()]
            logits = 2 * torch.sin(x[:, None].float() - ids[None])
            loss_sum += F.cross_entropy(logits, y, reduction="none").to(torch.float64).sum()
            byte_sum += base[y].to(torch.float64).sum()
            byte_sum += (has_space[y] & ~boundary[x]).to(torch.float64).sum()
            n += y.numel()
    val_loss = (loss_sum / n).item()
    val_bpb = val_loss / math.log(2.0) * (n / byte_sum.item())
    print(f"docs:{len(docs)} val_loss:{val_loss:.8f} val_bpb:{val_bpb:.8f}")


if __name__ == "__main__":
    main()
