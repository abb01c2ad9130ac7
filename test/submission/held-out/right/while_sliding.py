import glob, math, os
import numpy as np
import sentencepiece as spm
import torch
import torch.nn as nn
import torch.nn.functional as F

data_dir = os.environ.get("DATA_PATH", "data/datasets/fineweb10B_sp1024")
seq_len = int(os.environ.get("EVAL_SEQ_LEN", "1024"))
stride = int(os.environ.get("EVAL_STRIDE", "64"))
vocab_size = int(os.environ.get("VOCAB_SIZE", "1024"))


class LM(nn.Module):
    def __init__(self, v, d=2):
        super().__init__()
        self.emb = nn.Embedding(v, d)
        self.head = nn.Linear(d, v, bias=False)

    def forward_logits(self, ids):
        return self.head(self.emb(ids))


def val_tokens():
    chunks = []
    for fn in sorted(glob.glob(f"{data_dir}/fineweb_val_*.bin")):
        with open(fn, "rb") as f:
            hdr = np.frombuffer(f.read(256 * 4), dtype=np.int32)
            chunks.append(np.frombuffer(f.read(), dtype=np.uint16)[: hdr[2]])
    return torch.tensor(np.concatenate(chunks).astype(np.int64))


sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
base = np.zeros(vocab_size, np.int32)
has_space = np.zeros(vocab_size, bool)
is_bound = np.ones(vocab_size, bool)
for tid in range(sp.vocab_size()):
    if sp.is_control(tid) or sp.is_unknown(tid) or sp.is_unused(tid): continue
    is_bound[tid] = False
    if sp.is_byte(tid):
        base[tid] = 1
    else:
        pc = sp.id_to_piece(tid)
        if pc.startswith("▁"):
            has_space[tid] = True
            pc = pc[1:]
        base[tid] = len(pc.encode("utf-8"))
base, has_space, is_bound = map(torch.from_numpy, (base, has_space, is_bound))

toks = val_tokens()
model = LM(vocab_size)
model.load_state_dict(torch.load("final_model.pt"))
model.eval()
n = toks.numel() - 1
pos = 0            # targets scored so far
loss_sum = 0.0
byte_sum = 0.0
with torch.no_grad():
    while pos < n:
        if pos == 0:
            end = min(seq_len, n)
        else:
            end = min(pos + stride, n)
        begin = max(0, end - seq_len)
        x = toks[begin:end].unsqueeze(0)
        y = toks[begin + 1 : end + 1]
        logits = model.forward_logits(x)[0].float()
        k = pos - begin
        nll = F.cross_entropy(logits[k:], y[k:], reduction="none")
        loss_sum += nll.to(torch.float64).sum().item()
        xp = x[0, k:]
        byte_sum += base[y[k:]].sum().item() + (has_space[y[k:]] & ~is_bound[xp]).sum().item()
        pos = end
val_loss = loss_sum / n
val_bpb = (val_loss / math.log(2.0)) * (n / byte_sum)
print(f"final_sliding val_loss:{val_loss:.8f} val_bpb:{val_bpb:.8f}")
