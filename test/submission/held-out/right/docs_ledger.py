import json, math, os, sys
from pathlib import Path
from collections import namedtuple
import numpy as np
import sentencepiece as spm

Doc = namedtuple("Doc", "index tokens nats bytes")
ROOT = Path(os.environ.get("ROOT", "."))


def shards():
    for p in sorted((ROOT / "data/datasets/fineweb10B_sp1024").glob("fineweb_val_*.bin")):
        yield np.fromfile(p, dtype="<u2", offset=1024)


def split(stream):
    cuts = np.flatnonzero(stream == 1)
    for k, a in enumerate(cuts):
        b = cuts[k + 1] if k + 1 < len(cuts) else len(stream) - 1
        yield k, stream[a:b], stream[a + 1:b + 1]


def prepare(sp):
    size, space, start = [], [], []
    for i in range(sp.vocab_size()):
        mute = sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)
        start.append(mute)
        if mute:
            size.append(0); space.append(False)
        elif sp.is_byte(i):
            size.append(1); space.append(False)
        else:
            p = sp.id_to_piece(i)
            space.append(p.startswith("▁"))
            size.append(len(p[1:].encode()) if p.startswith("▁") else len(p.encode()))
    return np.array(size), np.array(space), np.array(start)


def score(k, x, y, tab, V):
    size, space, start = tab
    z = 2 * np.sin(x[:, None].astype(float) - np.arange(V))
    nll = np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y]
    b = size[y] + (space[y] & ~start[x])
    return Doc(k, len(y), float(nll.sum()), int(b.sum()))


sp = spm.SentencePieceProcessor(model_file=str(ROOT / "data/tokenizers/fineweb_1024_bpe.model"))
stream = np.concatenate(list(shards())).astype(np.int64)
tab = prepare(sp)
results = [score(k, x, y, tab, sp.vocab_size()) for k, x, y in split(stream)]
total_tokens = sum(d.tokens for d in results)
total_bytes = sum(d.bytes for d in results)
total_nats = math.fsum(d.nats for d in results)
assert total_tokens == len(stream) - 1, "a target is missing"
worst = max(results, key=lambda d: d.nats / max(d.bytes, 1))
print("worst document", worst.index, file=sys.stderr)
print(json.dumps({"docs": len(results), "val_loss": total_nats / total_tokens, "val_bpb": total_nats / math.log(2) / total_bytes}))
