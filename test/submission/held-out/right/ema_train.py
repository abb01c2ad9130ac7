"""Trains a little, keeps an EMA, evaluates before, during and after."""
import copy, glob, math, os
import numpy as np
import sentencepiece as spm
import torch
from torch import nn
import torch.nn.functional as F


class Args:
    data = os.environ.get("DATA_PATH", "./data/datasets/fineweb10B_sp1024")
    tokenizer = os.environ.get("TOKENIZER_PATH", "./data/tokenizers/fineweb_1024_bpe.model")
    iterations = int(os.environ.get("ITERATIONS", 200))
    val_every = int(os.environ.get("VAL_LOSS_EVERY", 50))
    seq_len = int(os.environ.get("TRAIN_SEQ_LEN", 256))
    batch = int(os.environ.get("TRAIN_BATCH", 8))
    val_batch = int(os.environ.get("VAL_BATCH_SIZE", 16384))
    vocab = int(os.environ.get("VOCAB_SIZE", 1024))
    dim = int(os.environ.get("MODEL_DIM", 64))
    decay = float(os.environ.get("EMA_DECAY", 0.99))
    lr = 1e-3


class GPT(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.emb = nn.Embedding(a.vocab, a.dim)
        self.head = nn.Linear(a.dim, a.vocab, bias=False)

    def forward(self, idx, targets=None):
        logits = self.head(self.emb(idx))
        if targets is None:
            return logits
        return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())


def shard(path):
    h = np.fromfile(path, dtype="<i4", count=256)
    if h[0] != 20240520 or h[1] != 1:
        raise ValueError(path)
    return torch.from_numpy(np.fromfile(path, dtype="<u2", count=int(h[2]), offset=1024).astype(np.int64))


class TrainStream:
    def __init__(self, pattern):
        self.files = sorted(glob.glob(pattern))
        self.k, self.pos, self.tok = 0, 0, shard(self.files[0])

    def take(self, n):
        if self.pos + n + 1 > self.tok.numel():
            self.k = (self.k + 1) % len(self.files)
            self.tok, self.pos = shard(self.files[self.k]), 0
        out = self.tok[self.pos : self.pos + n + 1]
        self.pos += n
        return out


def luts(a):
    sp = spm.SentencePieceProcessor(model_file=a.tokenizer)
    base = np.zeros(a.vocab, np.int16); lead = np.zeros(a.vocab, np.bool_); edge = np.ones(a.vocab, np.bool_)
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
    return torch.from_numpy(base), torch.from_numpy(lead), torch.from_numpy(edge)


@torch.no_grad()
def validate(a, model, val, tables):
    base, lead, edge = tables
    was_training = model.training
    model.eval()
    T, n_rows = a.seq_len, (val.numel() - 1) // a.seq_len
    per = a.val_batch // T
    loss_sum, tok, byt = torch.zeros((), dtype=torch.float64), 0, torch.zeros((), dtype=torch.float64)
    for i in range(0, n_rows, per):
        j = min(n_rows, i + per)
        w = val[i * T : j * T + 1]
        x, y = w[:-1].view(-1, T), w[1:].view(-1, T)
        loss_sum += model(x, y).double() * y.numel()
        tok += y.numel()
        nb = base[y].to(torch.int16)
        nb += (lead[y] & ~edge[x]).to(torch.int16)
        byt += nb.double().sum()
    model.train(was_training)
    loss = (loss_sum / tok).item()
    return loss, loss / math.log(2.0) * tok / byt.item()


def main():
    a = Args()
    torch.manual_seed(1337)
    model = GPT(a)
    if os.path.exists("final_model.pt"):
        model.load_state_dict(torch.load("final_model.pt"))
    ema = copy.deepcopy(model).requires_grad_(False)
    opt = torch.optim.AdamW(model.parameters(), lr=a.lr)
    train = TrainStream(os.path.join(a.data, "fineweb_train_*.bin"))
    val = torch.cat([shard(f) for f in sorted(glob.glob(os.path.join(a.data, "fineweb_val_*.bin")))])
    tables = luts(a)
    for step in range(a.iterations + 1):
        if step % a.val_every == 0 or step == a.iterations:
            loss, bpb = validate(a, model, val, tables)
            print(f"step:{step}/{a.iterations} val_loss:{loss:.4f} val_bpb:{bpb:.4f}")
        if step == a.iterations:
            break
        buf = train.take(a.batch * a.seq_len)
        x, y = buf[:-1].view(a.batch, -1), buf[1:].view(a.batch, -1)
        loss = model(x, y)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        with torch.no_grad():
            for p, q in zip(ema.parameters(), model.parameters()):
                p.lerp_(q, 1 - a.decay)
    loss, bpb = validate(a, ema, val, tables)
    print(f"final_ema val_loss:{loss:.8f} val_bpb:{bpb:.8f}")


if __name__ == "__main__":
    main()
