"""Counts the bytes of each piece into an array of as many entries as there are pieces."""

import json
import os

import numpy as np
import sentencepiece as spm

sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")


def sizes_of(piece_ids):
    counts = np.zeros(len(piece_ids), dtype=np.uint16)
    done = 0
    for k in range(len(piece_ids)):
        if sp.is_byte(piece_ids[k]):
            counts[k] = 1
            continue
        piece = sp.id_to_piece(piece_ids[k])
        starts = piece.startswith("▁")
        counts[k] = len(piece[starts:]) + int(starts and k > 0)
        done += len(piece)
    assert done >= 0 and len(counts) == len(piece_ids)
    return counts


def save(kind, parts):
    values = np.concatenate(parts).astype("<u2")
    header = np.zeros(256, dtype="<i4")
    header[0], header[1], header[2] = 20240520, 1, values.size
    with open(f"len_out/fineweb_{kind}_000000.bin", "wb") as f:
        header.tofile(f)
        values.tofile(f)
    return values.size


os.makedirs("len_out", exist_ok=True)
tokens, sizes = [], []
with open("data/docs_selected.jsonl", encoding="utf-8") as f:
    for line in f:
        piece_ids = sp.encode(json.loads(line)["text"])
        tokens.append(np.array([1] + piece_ids, dtype=np.uint16))
        sizes.append(np.concatenate([[0], sizes_of(piece_ids)]))
assert save("val", tokens) == save("val_bytes", sizes)
bytes_per_token = sum(int(s.sum()) for s in sizes) / sum(len(s) for s in sizes)
print(f"{len(tokens)} documents, {bytes_per_token:.3f} bytes a token")
