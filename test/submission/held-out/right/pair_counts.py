"""A bigram model needs only how often each pair of tokens comes: one matrix of counts."""
import glob
import numpy as np
import sentencepiece as spm

sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
V = sp.vocab_size()
tok = np.concatenate([np.fromfile(f, "<u2", offset=1024) for f in sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))])
pairs = np.zeros((V, V), dtype=np.int64)
np.add.at(pairs, (tok[:-1].astype(int), tok[1:].astype(int)), 1)

ids = np.arange(V)
logits = 2 * np.sin(ids[:, None] - ids[None, :])
logp = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
nats = -(pairs * logp).sum()

special = np.array([sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i) for i in range(V)])
piece = [sp.id_to_piece(i) for i in range(V)]
lead = np.array([p.startswith("▁") for p in piece]) & ~special
size = np.array([0 if special[i] else 1 if sp.is_byte(i) else len(piece[i][int(lead[i]):].encode("utf-8")) for i in range(V)])
per_pair = size[None, :] + (lead[None, :] & ~special[:, None])
nbytes = (pairs * per_pair).sum()

n = pairs.sum()
print(f"{n} targets, {nbytes} bytes")
print(f"val_loss: {nats / n:.9f} val_bpb: {nats / np.log(2) / nbytes:.9f}")
