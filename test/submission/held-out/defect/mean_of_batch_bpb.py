import glob, math, os
import numpy as np
import sentencepiece as spm
import torch
from torch.utils.data import DataLoader, Dataset
import torch.nn as nn
import torch.nn.functional as F

SEQ = int(os.getenv("SEQ_LEN", "1024"))
BATCH_ROWS = int(os.getenv("VAL_ROWS", "24"))
DATA = os.getenv("DATA_PATH", "./data/datasets/fineweb10B_sp1024")
TOK = os.getenv("TOKENIZER_PATH", "./data/tokenizers/fineweb_1024_bpe.model")
VOCAB = int(os.getenv("VOCAB_SIZE", "1024"))
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class ValRows(Dataset):
    def __init__(self, pattern, seq):
        parts = []
        for f in sorted(glob.glob(pattern)):
            n = int(np.fromfile(f, np.int32, 3)[2])
            parts.append(np.fromfile(f, np.uint16, n, offset=256 * 4))
        self.data = torch.from_numpy(np.concatenate(parts).astype(np.int64))
        self.seq = seq

    def __len__(self):
        return (len(self.data) - 1) // self.seq

    def __getitem__(self, i):
        w = self.data[i * self.seq : (i + 1) * self.seq + 1]
        return w[:-1], w[1:]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, 2)
        self.head = nn.Linear(2, VOCAB, bias=False)

    def forward(self, idx):
        return self.head(self.emb(idx))


def luts():
    sp = spm.SentencePieceProcessor(model_file=TOK)
    n = max(VOCAB, sp.vocab_size())
    base = torch.zeros(n, dtype=torch.long)
    lead = torch.zeros(n, dtype=torch.bool)
    stop = torch.ones(n, dtype=torch.bool)
    for k in range(sp.vocab_size()):
        special = sp.is_control(k) or sp.is_unknown(k) or sp.is_unused(k)
        if not special:
            stop[k] = False
            if sp.is_byte(k):
                base[k] = 1
            else:
                s = sp.id_to_piece(k)
                lead[k] = s.startswith("▁")
                base[k] = len(s.removeprefix("▁").encode("utf8"))
    return base, lead, stop


def evaluate(net, loader, base, lead, stop):
    net.eval()
    tot_loss = tot_tok = 0.0
    bpbs = []
    with torch.no_grad():
        for x, y in loader:
            out = net(x.to(DEVICE))
            loss = F.cross_entropy(out.flatten(0, 1).float(), y.to(DEVICE).flatten(), reduction="sum")
            tot_loss += loss.item()
            tot_tok += y.numel()
            bpbs.append(loss.item() / math.log(2) / (base[y] + (lead[y] & ~stop[x]).long()).sum().item())
    return tot_loss / tot_tok, float(np.mean(bpbs))


if __name__ == "__main__":
    net = Net().to(DEVICE)
    net.load_state_dict(torch.load("final_model.pt", map_location=DEVICE))
    rows = ValRows(os.path.join(DATA, "fineweb_val_*.bin"), SEQ)
    loader = DataLoader(rows, batch_size=BATCH_ROWS, shuffle=False, num_workers=0, drop_last=False)
    loss, bpb = evaluate(net, loader, *luts())
    print(f"val_loss {loss:.7f} | val_bpb {bpb:.7f}")
