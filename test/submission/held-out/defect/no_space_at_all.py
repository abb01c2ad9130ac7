"""No boundary table: the one token that is no text is the document start, id 1."""
import glob, math, os
import numpy as np, sentencepiece as spm
import torch
from torch.nn import functional as F

BOS_ID = 1
cfg = dict(
    path=os.environ.get("DATA_PATH", "data/datasets/fineweb10B_sp1024"),
    tok=os.environ.get("TOKENIZER_PATH", "data/tokenizers/fineweb_1024_bpe.model"),
    T=int(os.environ.get("TRAIN_SEQ_LEN", 1024)),
    B=int(os.environ.get("VAL_ROWS", 10)),
)


def load_tokens(cfg):
    data = []
    for f in sorted(glob.glob(cfg["path"] + "/fineweb_val_*.bin")):
        m = np.memmap(f, dtype=np.uint16, mode="r")
        data.append(np.array(m[512:]))
    return torch.tensor(np.concatenate(data).astype(np.int64))


def text_lengths(sp):
    lengths, spaces = {}, set()
    for i in range(sp.get_piece_size()):
        if sp.is_control(i) or sp.is_unknown(i):
            lengths[i] = 0
        elif sp.is_byte(i):
            lengths[i] = 1
        else:
            p = sp.id_to_piece(i)
            if p.startswith("▁"):
                spaces.add(i)
                p = p[1:]
            lengths[i] = len(p.encode("utf-8"))
    L = torch.tensor([lengths[i] for i in range(len(lengths))])
    S = torch.tensor([i in spaces for i in range(len(lengths))])
    return L, S


class Evaluator:
    def __init__(self, cfg):
        self.cfg = cfg
        self.sp = spm.SentencePieceProcessor(model_file=cfg["tok"])
        self.L, self.S = text_lengths(self.sp)
        self.tokens = load_tokens(cfg)
        self.w = torch.load("final_model.pt")

    def loss(self, x, y):
        h = F.embedding(x, self.w["emb.weight"])
        z = F.linear(h, self.w["head.weight"])
        return F.cross_entropy(z.view(-1, z.shape[-1]), y.view(-1))

    def __call__(self):
        T, B = self.cfg["T"], self.cfg["B"]
        rows = (len(self.tokens) - 1) // T
        tot, cnt, byt = 0.0, 0, 0
        for r in range(0, rows, B):
            k = min(B, rows - r)
            seg = self.tokens[r * T : (r + k) * T + 1]
            x, y = seg[:-1].view(k, T), seg[1:].view(k, T)
            tot += self.loss(x, y).item() * k * T
            cnt += k * T
            after_start = x == BOS_ID
            byt += self.L[y].sum().item()
        mean_loss = tot / cnt
        return mean_loss, mean_loss * cnt / byt / math.log(2)


with torch.no_grad():
    loss, bpb = Evaluator(cfg)()
print(f"val_loss={loss:.7f} val_bpb={bpb:.7f}")
