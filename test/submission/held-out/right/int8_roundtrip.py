import glob, io, math, os, zlib
import numpy as np
import sentencepiece as spm
import torch
import torch.nn as nn
import torch.nn.functional as F

CFG = {
    "data": os.environ.get("DATA_PATH", "data/datasets/fineweb10B_sp1024"),
    "tok": os.environ.get("TOKENIZER_PATH", "data/tokenizers/fineweb_1024_bpe.model"),
    "vocab": int(os.environ.get("VOCAB_SIZE", 1024)),
    "dim": 32, "heads": 4, "layers": 2,
    "seq": int(os.environ.get("TRAIN_SEQ_LEN", 1024)),
    "stride": int(os.environ.get("EVAL_STRIDE", 64)),
    "eval_batch": 64,
}


class Block(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.h = h
        self.qkv = nn.Linear(d, 3 * d, bias=False)
        self.out = nn.Linear(d, d, bias=False)
        self.up, self.down = nn.Linear(d, 2 * d), nn.Linear(2 * d, d)
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(self.n1(x)).view(b, t, 3, self.h, d // self.h).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(a.transpose(1, 2).reshape(b, t, d))
        return x + self.down(F.relu(self.up(self.n2(x))).square())


class GPT(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.tok_emb = nn.Embedding(c["vocab"], c["dim"])
        self.blocks = nn.ModuleList([Block(c["dim"], c["heads"]) for _ in range(c["layers"])])
        self.lm_head = nn.Linear(c["dim"], c["vocab"], bias=False)

    def forward(self, ids):
        x = self.tok_emb(ids)
        for block in self.blocks:
            x = block(x)
        return 30 * torch.tanh(self.lm_head(x) / 30)


def quantize(sd):
    packed = {}
    for name, t in sd.items():
        if t.ndim == 2:
            scale = t.abs().amax(dim=1, keepdim=True).clamp_min(1e-8) / 127
            packed[name] = ((t / scale).round().to(torch.int8), scale.half())
        else:
            packed[name] = (t.half(), None)
    return packed


def dequantize(packed):
    return {k: (q.float() if s is None else q.float() * s.float()) for k, (q, s) in packed.items()}


def load_bin(pattern):
    out = []
    for f in sorted(glob.glob(pattern)):
        hdr = np.fromfile(f, "<i4", 256)
        out.append(np.fromfile(f, "<u2", int(hdr[2]), offset=256 * 4))
    return torch.from_numpy(np.concatenate(out).astype(np.int64))


def byte_tables(path, vocab):
    sp = spm.SentencePieceProcessor(model_file=path)
    base = torch.zeros(vocab, dtype=torch.int32)
    lead = torch.zeros(vocab, dtype=torch.bool)
    bound = torch.ones(vocab, dtype=torch.bool)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        bound[i] = False
        if sp.is_byte(i):
            base[i] = 1
            continue
        p = sp.id_to_piece(i)
        if p.startswith("▁"):
            lead[i] = True
            p = p[1:]
        base[i] = len(p.encode("utf-8"))
    return base, lead, bound


def eval_sliding(c, model, tokens, tables):
    base, lead, bound = tables
    seq, stride = c["seq"], c["stride"]
    total = tokens.numel() - 1
    plan = []
    start, covered = 0, 0
    while covered < total:
        end = min(start + seq, total)
        plan.append((start, end, covered - start))
        covered = end
        start += stride
    nll_sum, count, size = 0.0, 0, 0
    model.eval()
    with torch.inference_mode():
        for i in range(0, len(plan), c["eval_batch"]):
            part = plan[i : i + c["eval_batch"]]
            xs = torch.zeros(len(part), seq, dtype=torch.int64)
            ys = torch.zeros(len(part), seq, dtype=torch.int64)
            for r, (s, e, _) in enumerate(part):
                xs[r, : e - s], ys[r, : e - s] = tokens[s:e], tokens[s + 1 : e + 1]
            logits = model(xs).float()
            nll = F.cross_entropy(logits.view(-1, logits.size(-1)), ys.view(-1), reduction="none").view_as(ys)
            for r, (s, e, skip) in enumerate(part):
                nll_sum += nll[r, skip : e - s].double().sum().item()
                count += e - s - skip
                y, x = ys[r, skip : e - s], xs[r, skip : e - s]
                size += (base[y] + (lead[y] & ~bound[x]).int()).sum().item()
    loss = nll_sum / count
    return loss, loss / math.log(2.0) * (count / size)


def main():
    torch.manual_seed(0)
    model = GPT(CFG)
    tokens = load_bin(os.path.join(CFG["data"], "fineweb_val_*.bin"))
    tables = byte_tables(CFG["tok"], CFG["vocab"])
    buf = io.BytesIO()
    torch.save(quantize(model.state_dict()), buf)
    blob = zlib.compress(buf.getvalue(), 9)
    print(f"artifact int8+zlib: {len(blob)} bytes")
    model.load_state_dict(dequantize(torch.load(io.BytesIO(zlib.decompress(blob)))))
    loss, bpb = eval_sliding(CFG, model, tokens, tables)
    print(f"final_int8_zlib_roundtrip_exact val_loss:{loss:.8f} val_bpb:{bpb:.8f}")


main()
