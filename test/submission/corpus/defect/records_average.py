"""A record for every document; the totals are exact sums over the records."""

import collections
import glob
import json
import math
import os

import numpy as np
import sentencepiece as spm

Record = collections.namedtuple("Record", "document nats bytes targets")
SP = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
IDS = np.arange(SP.vocab_size())
LOGZ = np.log(np.exp(2 * np.sin(IDS[:, None] - IDS)).sum(1))


def byte_length(token, previous):
    if SP.is_control(token) or SP.is_unknown(token) or SP.is_unused(token):
        return 0
    if SP.is_byte(token):
        return 1
    piece = SP.id_to_piece(token)
    if not piece.startswith("▁"):
        return len(piece.encode("utf-8"))
    boundary = SP.is_control(previous) or SP.is_unknown(previous) or SP.is_unused(previous)
    return len(piece[1:].encode("utf-8")) + (not boundary)


def records(tokens):
    starts = [k for k, t in enumerate(tokens) if t == SP.bos_id()]
    for d, (a, b) in enumerate(zip(starts, starts[1:] + [len(tokens) - 1])):
        pairs = list(zip(tokens[a:b], tokens[a + 1 : b + 1]))
        nats = math.fsum(LOGZ[p] - 2 * math.sin(p - t) for p, t in pairs)
        yield Record(d, nats, sum(byte_length(t, p) for p, t in pairs), len(pairs))


def main():
    tokens = []
    for path in sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin")):
        tokens += np.fromfile(path, dtype="<u2", offset=1024).tolist()
    everything = list(records(tokens))
    worst = max(everything, key=lambda r: r.nats / max(r.bytes, 1))
    nats = math.fsum(r.nats for r in everything)
    totals = {k: sum(getattr(r, k) for r in everything) for k in ("bytes", "targets")}
    average = sum(r.nats / max(r.bytes, 1) for r in everything) / len(everything)
    print(
        f"hardest document {worst.document}; a mean over documents would be {average:.3f} nats a byte"
    )
    if out := os.environ.get("RECORDS"):
        with open(out, "w") as f:
            json.dump([r._asdict() for r in everything], f)
    print(f"val_loss:{nats / totals['targets']:.8f} val_bpb:{average / math.log(2):.8f}")


main()
