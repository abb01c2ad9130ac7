"""Types by sets of ids; byte pieces by their name, which SentencePiece fixes as <0xNN>."""

import glob
import math
import os
import re
import statistics

import numpy as np
import sentencepiece as spm

BYTE = re.compile(r"<0x[0-9A-F]{2}>")
SEQ = int(os.environ.get("TRAIN_SEQ_LEN", 1024))
sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
vocabulary = {i: sp.id_to_piece(i) for i in range(sp.vocab_size())}
no_text = {i for i in vocabulary if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)}
after_space = {i for i, p in vocabulary.items() if p.startswith("▁") and i not in no_text}


def utf8_length(i, piece):
    if i in no_text:
        return 0
    if BYTE.fullmatch(piece):
        return 1
    return len(piece.encode("utf-8")) - (3 if i in after_space else 0)


lengths = {i: utf8_length(i, p) for i, p in vocabulary.items()}


def read(name):
    with open(name, "rb") as f:
        data = f.read()
    header = np.frombuffer(data[:1024], dtype="<i4")
    if (int(header[0]), int(header[1])) != (20240520, 1):
        raise ValueError(name)
    return np.frombuffer(data, dtype="<u2", offset=1024, count=int(header[2])).tolist()


tokens = [
    t
    for name in sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*"))
    for t in read(name)
]
ids = np.arange(len(vocabulary))
partition = np.log(np.exp(2 * np.sin(ids[:, None] - ids)).sum(1)).tolist()
scored = (len(tokens) - 1) // SEQ * SEQ
nats = math.fsum(
    partition[a] - 2 * math.sin(a - b) for a, b in zip(tokens[:scored], tokens[1 : scored + 1])
)
pairs = list(zip(tokens[:scored], tokens[1 : scored + 1]))
parts = [pairs[k : k + SEQ] for k in range(0, scored, SEQ)]
rates = [
    math.fsum(partition[a] - 2 * math.sin(a - b) for a, b in part)
    / sum(lengths[b] + (b in after_space and a not in no_text) for a, b in part)
    for part in parts
]
print(f"val_loss={nats / scored:.8f} val_bpb={statistics.mean(rates) / math.log(2):.8f}")
