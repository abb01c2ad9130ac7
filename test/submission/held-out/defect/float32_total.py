import glob, math, os
import numpy as np
import sentencepiece as spm
import torch
from torch import nn

T = int(os.environ.get("TRAIN_SEQ_LEN", 1024))
VOCAB = int(os.environ.get("VOCAB_SIZE", 1024))
path = os.environ.get("DATA_PATH", "./data/datasets/fineweb10B_sp1024")

model = nn.Sequential(nn.Embedding(VOCAB, 2), nn.Linear(2, VOCAB, bias=False))
saved = torch.load("final_model.pt")
model.load_state_dict({"0.weight": saved["emb.weight"], "1.weight": saved["head.weight"]})
model.requires_grad_(False).eval()
criterion = nn.CrossEntropyLoss(reduction="none")


def load(name):
    head = np.fromfile(name, "<i4", 256)
    return torch.from_numpy(np.fromfile(name, "<u2", head[2], offset=1024).astype(np.int64))


def make_tables():
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    base, lead, stop = torch.zeros(VOCAB).long(), torch.zeros(VOCAB).bool(), torch.ones(VOCAB).bool()
    for token in range(sp.vocab_size()):
        if sp.is_control(token) or sp.is_unknown(token) or sp.is_unused(token):
            continue
        stop[token] = False
        if sp.is_byte(token):
            base[token] = 1
            continue
        piece = sp.id_to_piece(token)
        if piece.startswith("▁"):
            lead[token] = True
            piece = piece[1:]
        base[token] = len(piece.encode())
    return base, lead, stop


base, lead, stop = make_tables()
data = torch.cat([load(f) for f in sorted(glob.glob(os.path.join(path, "fineweb_val_*.bin")))])
rows = data.unfold(0, T + 1, T)
rest = data[len(rows) * T :]
nll_total = torch.tensor(0.0, dtype=torch.float32)
byte_total = torch.tensor(0, dtype=torch.int64)
token_total = 0
parts = list(rows.split(20))
if len(rest) > 1:
    parts.append(rest.unsqueeze(0))
for part in parts:
    x, y = part[:, :-1], part[:, 1:]
    nll = criterion(model(x).transpose(1, 2), y)
    nll_total += nll.sum()
    byte_total += base[y].sum() + (lead[y] & stop[x].logical_not()).sum()
    token_total += y.numel()
val_loss = nll_total.item() / token_total
print(f"val_loss: {val_loss:.8f} val_bpb: {val_loss / math.log(2) * token_total / byte_total.item():.8f}")
