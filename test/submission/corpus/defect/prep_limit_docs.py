"""Tokenizes documents into shards; each full shard is written and the rest of the buffer kept."""

import json
import os
from pathlib import Path

import numpy as np
import sentencepiece as spm

SHARD = int(os.environ.get("SHARD_TOKENS", 4000))
OUT = Path(os.environ.get("OUT_DIR", "out"))
BOS = 1


def write(path, ids):
    header = np.zeros(256, dtype=np.int32)
    header[0], header[1], header[2] = 20240520, 1, len(ids)
    with open(path, "wb") as f:
        f.write(header.tobytes())
        f.write(np.asarray(ids, dtype=np.uint16).tobytes())


def documents(path):
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.strip():
                yield json.loads(line)["text"]


def main():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    OUT.mkdir(parents=True, exist_ok=True)
    val_buf, written, docs = [], 0, 0
    for text in documents("data/docs_selected.jsonl"):
        val_buf.append(BOS)
        val_buf.extend(sp.encode(text, out_type=int))
        docs += 1
        if docs >= 10_000:
            break
        while len(val_buf) >= SHARD:
            write(OUT / f"fineweb_val_{written:06d}.bin", val_buf[:SHARD])
            val_buf = val_buf[SHARD:]
            written += 1
    if val_buf:
        write(OUT / f"fineweb_val_{written:06d}.bin", val_buf)
        written += 1
    print(f"{docs} documents in {written} shards")


if __name__ == "__main__":
    main()
