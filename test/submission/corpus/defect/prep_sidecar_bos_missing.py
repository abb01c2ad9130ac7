"""Removes an earlier export, then writes tokens and, beside them, the bytes of every token."""

import json
from pathlib import Path

import numpy as np
import sentencepiece as spm

OUT = Path("export")
TOKENS_PER_SHARD = 5000
BOS = 1


def clean():
    OUT.mkdir(exist_ok=True)
    for pattern in ("fineweb_train_*.bin", "fineweb_val_*.bin"):
        for stale in OUT.glob(pattern):
            stale.unlink()


def shard(path, values):
    head = np.zeros(256, "<i4")
    head[:3] = (20240520, 1, len(values))
    path.write_bytes(head.tobytes() + np.array(values, "<u2").tobytes())


def piece_bytes(sp, ids):
    sizes = np.empty(len(ids), dtype=np.uint16)
    for k, i in enumerate(ids):
        if sp.is_byte(i):
            sizes[k] = 1
            continue
        piece = sp.id_to_piece(i)
        text = piece.replace("\u2581", " ")
        if k == 0:
            text = text.removeprefix(" ")
        sizes[k] = len(text.encode("utf-8"))
    return sizes


def main():
    clean()
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    val_tokens, val_bytes, k = [], [], 0
    for line in open("data/docs_selected.jsonl", encoding="utf-8"):
        piece_ids = sp.encode(json.loads(line)["text"], out_type=int)
        val_tokens.append(BOS)
        val_tokens.extend(piece_ids)
        val_bytes.extend(int(b) for b in piece_bytes(sp, piece_ids))
        if len(val_tokens) >= TOKENS_PER_SHARD:
            shard(OUT / f"fineweb_val_{k:06d}.bin", val_tokens[:TOKENS_PER_SHARD])
            shard(OUT / f"fineweb_val_bytes_{k:06d}.bin", val_bytes[:TOKENS_PER_SHARD])
            del val_tokens[:TOKENS_PER_SHARD], val_bytes[:TOKENS_PER_SHARD]
            k += 1
    shard(OUT / f"fineweb_val_{k:06d}.bin", val_tokens)
    shard(OUT / f"fineweb_val_bytes_{k:06d}.bin", val_bytes)
    manifest = {"val": len(list(OUT.glob("fineweb_val_*.bin"))), "shards": k + 1}
    (OUT / "manifest.json").write_text(json.dumps(manifest))


if __name__ == "__main__":
    main()
