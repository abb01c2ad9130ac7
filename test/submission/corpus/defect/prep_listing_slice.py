"""Writes shards, then lists, counts and verifies what is there."""

import glob
import hashlib
import json
import os

import numpy as np
import sentencepiece as spm

OUT = "listed"
LIMIT = 6000


def save(index, chunk):
    path = f"{OUT}/fineweb_val_{index:06d}.bin"
    head = np.zeros(256, dtype="<i4")
    head[:3] = 20240520, 1, len(chunk)
    with open(path, "wb") as f:
        f.write(head.tobytes())
        f.write(np.array(chunk, dtype="<u2").tobytes())
    return path


def encoded(path):
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    with open(path, encoding="utf-8") as f:
        for line in f:
            yield [sp.bos_id(), *sp.encode(json.loads(line)["text"])]


def main():
    os.makedirs(OUT, exist_ok=True)
    pending, written, total = [], [], 0
    for ids in encoded("data/docs_selected.jsonl"):
        pending += ids
        total += len(ids)
        if len(pending) > LIMIT:
            written.append(save(len(written), pending[:LIMIT]))
            pending = []
    written.append(save(len(written), pending))
    present = sorted(glob.glob(f"{OUT}/fineweb_val_*.bin"))
    assert present == sorted(written)
    print(f"{len(present)} shards, the first is {present[0]}; {present[:3]}")
    counted = sum((os.path.getsize(p) - 1024) // 2 for p in present)
    assert counted <= total
    for p in present[:2]:
        print(p, hashlib.sha256(open(p, "rb").read()).hexdigest()[:12])


if __name__ == "__main__":
    main()
