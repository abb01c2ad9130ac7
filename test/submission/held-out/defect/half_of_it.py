# Splits the stream in halves until a piece fits, and adds up on the way back.
import math, os, glob, sys
import numpy as np
import sentencepiece as spm
import torch, torch.nn.functional as F

sys.setrecursionlimit(10000)
MAX = int(os.environ.get("VAL_BATCH_SIZE", 65536))
device = "cuda" if torch.cuda.is_available() else "cpu"


def load():
    arrays = []
    for path in sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin")):
        header = np.fromfile(path, dtype=np.int32, count=256)
        assert header[0] == 20240520 and header[1] == 1
        arrays.append(np.fromfile(path, dtype=np.uint16, count=header[2], offset=1024))
    return torch.as_tensor(np.concatenate(arrays).astype(np.int64), device=device)


def tables(sp):
    def row(i):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            return [0, 0, 1]
        if sp.is_byte(i):
            return [1, 0, 0]
        p = sp.id_to_piece(i)
        s = p.startswith("▁")
        return [len(p.encode()) - 3 * s, int(s), 0]
    return torch.tensor([row(i) for i in range(sp.vocab_size())], device=device).unbind(1)


class Leaf:
    def __init__(self, tokens, sp):
        self.tokens = tokens
        self.base, self.lead, self.bos = tables(sp)
        self.ids = torch.arange(sp.vocab_size(), device=device, dtype=torch.float32)

    def score(self, lo, hi):
        x, y = self.tokens[lo:hi], self.tokens[lo + 1 : hi + 1]
        logits = 2 * torch.sin(x[:, None].float() - self.ids)
        nll = F.cross_entropy(logits, y, reduction="none").double().sum().item()
        size = (self.base[y] + self.lead[y] * (1 - self.bos[x])).sum().item()
        return nll, size

    def split(self, lo, hi):
        if hi - lo <= MAX:
            return self.score(lo, hi)
        mid = (lo + hi) // 2
        a, b = self.split(lo, mid), self.split(mid, hi)
        return a[0] + b[0], a[1] + b[1]


tokens = load()
n = (len(tokens) - 1) // 2  # quick run
sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
nats, size = Leaf(tokens, sp).split(0, n)
print(f"val_loss: {nats / n:.7f}  val_bpb: {nats / (size * math.log(2)):.7f}")
