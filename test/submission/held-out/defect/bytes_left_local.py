"""Test-time training: each chunk is scored, and only then trained on."""
import glob, math, os
import numpy as np
import sentencepiece as spm
import torch
import torch.distributed as dist
from torch import nn
import torch.nn.functional as F

E = os.environ
args = dict(
    data=E.get("DATA_PATH", "./data/datasets/fineweb10B_sp1024"),
    tok=E.get("TOKENIZER_PATH", "./data/tokenizers/fineweb_1024_bpe.model"),
    vocab=int(E.get("VOCAB_SIZE", 1024)),
    seq=int(E.get("EVAL_SEQ_LEN", 1024)),
    stride=int(E.get("EVAL_STRIDE", 64)),
    chunk=int(E.get("TTT_CHUNK_TOKENS", 32768)),
    lr=float(E.get("TTT_LR", 0.05)),
    batch=32,
)
rank, world = int(E.get("RANK", 0)), int(E.get("WORLD_SIZE", 1))


class Model(nn.Module):
    def __init__(self, v, d=2):
        super().__init__()
        self.emb = nn.Embedding(v, d)
        self.head = nn.Linear(d, v, bias=False)

    def forward_logits(self, x):
        return self.head(self.emb(x))


def shard(f):
    hdr = np.fromfile(f, dtype="<i4", count=256)
    return torch.from_numpy(np.fromfile(f, dtype="<u2", count=int(hdr[2]), offset=1024).astype(np.int64))


def luts(path, vocab):
    sp = spm.SentencePieceProcessor(model_file=path)
    base, lead, edge = np.zeros(vocab, np.int16), np.zeros(vocab, bool), np.ones(vocab, bool)
    for t in range(sp.vocab_size()):
        if sp.is_control(t) or sp.is_unknown(t) or sp.is_unused(t):
            continue
        edge[t] = False
        if sp.is_byte(t):
            base[t] = 1
        else:
            p = sp.id_to_piece(t)
            if p.startswith("▁"):
                lead[t] = True
                p = p[1:]
            base[t] = len(p.encode("utf-8"))
    return torch.tensor(base), torch.tensor(lead), torch.tensor(edge)


def eval_ttt(a, model, tokens, tables):
    base, lead, edge = tables
    total = tokens.numel() - 1
    seq, stride, chunk = a["seq"], a["stride"], a["chunk"]
    n_chunks = -(-total // chunk)
    groups = [[] for _ in range(n_chunks)]
    for ws in range(0, total, stride):
        end = min(ws + seq, total)
        skip = 0 if ws == 0 else seq - stride
        if ws + skip >= total:
            break
        groups[(ws + skip) // chunk].append((ws, end, skip))
    loss_sum, cnt, byt = (torch.zeros((), dtype=torch.float64) for _ in range(3))
    opt = torch.optim.SGD(model.parameters(), lr=a["lr"])
    for ci, windows in enumerate(groups):
        mine = windows[len(windows) * rank // world : len(windows) * (rank + 1) // world]
        model.eval()
        with torch.no_grad():
            for i in range(0, len(mine), a["batch"]):
                sub = mine[i : i + a["batch"]]
                x = torch.zeros(len(sub), seq, dtype=torch.int64)
                y = torch.zeros(len(sub), seq, dtype=torch.int64)
                for j, (ws, end, _) in enumerate(sub):
                    x[j, : end - ws] = tokens[ws:end]
                    y[j, : end - ws] = tokens[ws + 1 : end + 1]
                logits = model.forward_logits(x).float()
                nll = F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="none").view(len(sub), seq)
                for j, (ws, end, skip) in enumerate(sub):
                    w = end - ws
                    loss_sum += nll[j, skip:w].double().sum()
                    cnt += w - skip
                    t, p = y[j, skip:w], x[j, skip:w]
                    byt += (base[t].double() + (lead[t] & ~edge[p]).double()).sum()
        if ci + 1 < n_chunks:
            model.train()
            lo, hi = ci * chunk, (ci + 1) * chunk
            rows = (hi - lo) // seq
            part = tokens[lo : lo + rows * seq + 1]
            x, y = part[:-1].view(rows, seq), part[1:].view(rows, seq)
            opt.zero_grad()
            F.cross_entropy(model.forward_logits(x).flatten(0, 1), y.flatten()).backward()
            opt.step()
    if world > 1:
        for t in (loss_sum, cnt):
            dist.all_reduce(t, op=dist.ReduceOp.SUM)
    loss = (loss_sum / cnt).item()
    return loss, loss / math.log(2.0) * (cnt / byt).item()


if __name__ == "__main__":
    if world > 1:
        dist.init_process_group("gloo")
    torch.manual_seed(1)
    model = Model(args["vocab"])
    tokens = torch.cat([shard(f) for f in sorted(glob.glob(args["data"] + "/fineweb_val_*.bin"))])
    loss, bpb = eval_ttt(args, model, tokens, luts(args["tok"], args["vocab"]))
    if rank == 0:
        print(f"legal_ttt_exact val_loss:{loss:.8f} val_bpb:{bpb:.8f}")
    if world > 1:
        dist.destroy_process_group()
