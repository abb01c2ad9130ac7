"""Keeps weighted running means in place of sums."""
import glob, math, os
import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

seq_len = int(os.environ.get("TRAIN_SEQ_LEN", 1024))
batch_tokens = int(os.environ.get("VAL_BATCH_SIZE", 131072))
vocab_size = int(os.environ.get("VOCAB_SIZE", 1024))


class RunningMean:
    def __init__(self):
        self.value = 0.0
        self.weight = 0

    def update(self, value, weight):
        self.weight += weight
        self.value += (value - self.value) * (weight / self.weight)


def load_val():
    out = []
    for p in sorted(glob.glob("./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin")):
        h = np.fromfile(p, dtype="<i4", count=256)
        out.append(torch.from_numpy(np.fromfile(p, dtype="<u2", count=int(h[2]), offset=1024).astype(np.int64)))
    return torch.cat(out)


def build_luts():
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    base = torch.zeros(vocab_size, dtype=torch.float64)
    lead = torch.zeros(vocab_size, dtype=torch.float64)
    text = torch.zeros(vocab_size, dtype=torch.float64)
    for i in range(min(vocab_size, sp.vocab_size())):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        text[i] = 1
        if sp.is_byte(i):
            base[i] = 1
            continue
        s = sp.id_to_piece(i)
        if s.startswith("▁"):
            lead[i] = 1
            s = s[1:]
        base[i] = len(bytes(s, "utf-8"))
    return base, lead, text


def main():
    tokens = load_val()
    base, lead, text = build_luts()
    state = torch.load("final_model.pt")
    loss, density = RunningMean(), RunningMean()
    rows = (tokens.numel() - 1) // seq_len
    per = max(1, batch_tokens // seq_len)
    for r in range(0, rows - per + 1, per):
        k = min(per, rows - r)
        buf = tokens[r * seq_len : (r + k) * seq_len + 1]
        x, y = buf[:-1], buf[1:]
        logits = state["emb.weight"][x] @ state["head.weight"].t()
        loss.update(F.cross_entropy(logits, y).item(), y.numel())
        b = base[y] + lead[y] * text[x]
        density.update(b.mean().item(), y.numel())
    print(f"val_loss: {loss.value:.8f} val_bpb: {loss.value / density.value / math.log(2):.8f}")


with torch.inference_mode():
    main()
