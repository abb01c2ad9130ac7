import glob, math, os
import numpy as np
import sentencepiece as spm
import torch, torch.nn as nn, torch.nn.functional as F
import torch.distributed as dist

RANK, WORLD = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
DDP = "RANK" in os.environ and WORLD > 1
if DDP:
    dist.init_process_group(backend="gloo" if not torch.cuda.is_available() else "nccl", init_method="env://")
DEV = f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if torch.cuda.is_available() else "cpu"
L = int(os.environ.get("EVAL_SEQ_LEN", "1024"))
S = int(os.environ.get("EVAL_STRIDE", "64"))
B = int(os.environ.get("EVAL_BATCH_SEQS", "32"))


def get_tokens():
    fs = sorted(glob.glob(os.environ.get("VAL_GLOB", "data/datasets/fineweb10B_sp1024/fineweb_val_*.bin")))
    arr = [np.fromfile(f, dtype=np.uint16)[512:] for f in fs]  # 256 int32 = 512 uint16
    return torch.from_numpy(np.concatenate(arr).astype(np.int64))


def get_luts(vocab):
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    nb, sp_lead, stop = [0] * vocab, [False] * vocab, [True] * vocab
    for t in range(sp.vocab_size()):
        if sp.is_control(t) or sp.is_unknown(t) or sp.is_unused(t):
            continue
        stop[t] = False
        if sp.is_byte(t):
            nb[t] = 1
            continue
        p = sp.id_to_piece(t)
        sp_lead[t] = p.startswith("▁")
        nb[t] = len((p[1:] if sp_lead[t] else p).encode("utf-8"))
    return torch.tensor(nb, device=DEV), torch.tensor(sp_lead, device=DEV), torch.tensor(stop, device=DEV)


class M(nn.Module):
    def __init__(self, v):
        super().__init__()
        self.emb = nn.Embedding(v, 2)
        self.head = nn.Linear(2, v, bias=False)

    def forward(self, i):
        return self.head(self.emb(i))


def sliding(model, toks, luts):
    nb, lead, stop = luts
    n = toks.numel() - 1
    ctx = L - S
    starts = [0] + [w for w in range(S, n, S) if w + ctx < n]
    mine = starts[RANK::WORLD]
    acc = torch.zeros(3, dtype=torch.float64, device=DEV)   # nats, targets, bytes
    for k in range(0, len(mine), B):
        ws = mine[k:k + B]
        x = torch.zeros((len(ws), L), dtype=torch.long)
        y = torch.full((len(ws), L), -100, dtype=torch.long)
        for j, w in enumerate(ws):
            e = min(w + L, n)
            x[j, :e - w] = toks[w:e]
            a = 0 if w == 0 else ctx
            y[j, a:e - w] = toks[w + a + 1:e + 1]
        x, y = x.to(DEV), y.to(DEV)
        nll = F.cross_entropy(model(x).float().flatten(0, 1), y.flatten(), ignore_index=-100, reduction="none")
        m = y >= 0
        t, p = y[m], x[m]
        acc[0] += nll.double().sum()
        acc[1] += m.sum()
        acc[2] += (nb[t] + (lead[t] & ~stop[p]).long()).sum()
    nats, cnt, size = acc.tolist()
    return nats / cnt, nats / size / math.log(2)


vocab = int(os.environ.get("VOCAB_SIZE", "1024"))
model = M(vocab).to(DEV).eval()
model.load_state_dict(torch.load("final_model.pt", map_location=DEV))
with torch.inference_mode():
    vl, vb = sliding(model, get_tokens(), get_luts(vocab))
if RANK == 0:
    print(f"val_loss:{vl:.8f} val_bpb:{vb:.8f}")
if DDP:
    dist.destroy_process_group()
