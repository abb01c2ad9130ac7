"""Per document adapter: score a chunk, then adapt on it. Documents are sorted by length."""
import glob, math, os
import numpy as np
import sentencepiece as spm
import torch
import torch.nn as nn
import torch.nn.functional as F

CHUNK = int(os.environ.get("TTT_CHUNK", 40))
CTX = int(os.environ.get("EVAL_SEQ_LEN", 1024))
LR = 0.02


class Base(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.emb = nn.Embedding(vocab, 2)
        self.head = nn.Linear(2, vocab, bias=False)

    def forward(self, x, bias):
        return self.head(self.emb(x)) + bias


def tokens_from(folder):
    ts = []
    for f in sorted(glob.glob(os.path.join(folder, "fineweb_val_*.bin"))):
        n = int(np.fromfile(f, dtype="<i4", count=3)[2])
        ts.append(np.fromfile(f, dtype="<u2", count=n, offset=1024).astype(np.int64))
    return torch.from_numpy(np.concatenate(ts))


def find_docs(tokens):
    pos = (tokens == 1).nonzero(as_tuple=True)[0].tolist()
    docs = []
    for i, start in enumerate(pos):
        end = pos[i + 1] + 1 if i + 1 < len(pos) else tokens.numel()
        docs.append((start, end - start))
    return docs


def window(ci, n_pred, n_chunks):
    first = ci * CHUNK
    last = min(first + CHUNK, n_pred)
    first = max(0, last - CHUNK)
    begin = max(0, last - CTX)
    return begin, first, last


def make_tables(vocab):
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    base = torch.zeros(vocab, dtype=torch.int16)
    lead = torch.zeros(vocab, dtype=torch.bool)
    edge = torch.ones(vocab, dtype=torch.bool)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        edge[i] = False
        if sp.is_byte(i):
            base[i] = 1
            continue
        piece = sp.id_to_piece(i)
        if piece.startswith("▁"):
            lead[i] = True
            piece = piece[1:]
        base[i] = len(piece.encode("utf-8"))
    return base, lead, edge


def main():
    vocab = int(os.environ.get("VOCAB_SIZE", 1024))
    model = Base(vocab)
    model.load_state_dict(torch.load("final_model.pt"))
    model.requires_grad_(False)
    tokens = tokens_from("data/datasets/fineweb10B_sp1024")
    base, lead, edge = make_tables(vocab)
    docs = sorted(find_docs(tokens), key=lambda d: d[1])
    loss_sum = torch.zeros((), dtype=torch.float64)
    byte_sum = torch.zeros((), dtype=torch.float64)
    token_count = 0
    for start, length in docs:
        bias = torch.zeros(vocab, requires_grad=True)
        opt = torch.optim.Adam([bias], lr=LR)
        n_pred = length - 1
        n_chunks = (n_pred + CHUNK - 1) // CHUNK
        for ci in range(n_chunks):
            begin, first, last = window(ci, n_pred, n_chunks)
            seg = tokens[start + begin : start + last + 1]
            x, y = seg[:-1], seg[1:]
            nll = F.cross_entropy(model(x, bias), y, reduction="none")
            k = first - begin
            with torch.no_grad():
                loss_sum += nll[k:].double().sum()
                nb = base[y[k:]].double() + (lead[y[k:]] & ~edge[x[k:]])
                byte_sum += nb.sum()
                token_count += last - first
            if ci + 1 < n_chunks:
                opt.zero_grad()
                nll[k:].mean().backward()
                opt.step()
    val_loss = loss_sum.item() / token_count
    val_bpb = loss_sum.item() / math.log(2.0) / byte_sum.item()
    print(f"final_ttt_lora val_loss:{val_loss:.8f} val_bpb:{val_bpb:.8f}")


if __name__ == "__main__":
    main()
