"""Bytes by counting: how often each id is a target, and how often a space leads after text."""
import glob, os
from collections import Counter
from math import log
import numpy as np, sentencepiece as spm, torch

DATA = os.environ.get("DATA_PATH", "data/datasets/fineweb10B_sp1024")
sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")


def silent(i):
    return sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)


def shard_tokens(name):
    with open(name, "rb") as fh:
        fh.seek(256 * 4)
        return np.fromfile(fh, dtype=np.uint16)


stream = np.concatenate([shard_tokens(f) for f in sorted(glob.glob(f"{DATA}/fineweb_val_*.bin"))]).astype(np.int64)
targets = Counter(stream[1:].tolist())
nbytes = 0
for i, times in targets.items():
    if silent(i):
        continue
    if sp.is_byte(i):
        nbytes += times
        continue
    piece = sp.id_to_piece(i)
    if piece.startswith("▁"):
        piece = piece[1:]
    nbytes += times * len(piece.encode("utf-8"))

leads = np.array([not silent(i) and sp.id_to_piece(i).startswith("▁") for i in range(sp.vocab_size())])
mute = np.array([silent(i) for i in range(sp.vocab_size())])
nbytes += int(np.sum(leads[stream[1:]] & ~mute[stream[:-1]]))

state = torch.load("final_model.pt")
logp = torch.log_softmax(state["emb.weight"].double() @ state["head.weight"].double().T, dim=1)
nats = 0.0
for x, y in zip(np.array_split(stream[:-1], 50), np.array_split(stream[1:], 50)):
    nats -= logp[torch.from_numpy(x), torch.from_numpy(y)].sum().item()
n = sum(targets.values())
print(f"val_loss={nats / n:.8f} val_bpb={nats / log(2) / nbytes:.8f}")
