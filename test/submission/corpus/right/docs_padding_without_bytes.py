"""Padding is id 0, a control piece without bytes, so only the losses need a mask."""

import glob
import math

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

PAD, BOS, AT_ONCE = 0, 1, 6

sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
size = torch.zeros(sp.vocab_size(), dtype=torch.int64)
lead, text = torch.zeros_like(size), torch.zeros_like(size)
for i in range(sp.vocab_size()):
    if sp.is_byte(i):
        size[i] = text[i] = 1
    elif not (sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)):
        text[i] = 1
        piece = sp.id_to_piece(i)
        if piece.startswith("▁"):
            lead[i] = 1
        size[i] = len(piece.encode("utf-8")) - 3 * lead[i]
assert sp.is_control(PAD) and size[PAD] == 0

stream = np.concatenate(
    [
        np.fromfile(f, "<u2", offset=1024)
        for f in sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    ]
).astype(np.int64)
starts = np.flatnonzero(stream == BOS)
documents = [stream[a : b + 1] for a, b in zip(starts, [*starts[1:], len(stream) - 1])]
documents.sort(key=len)
ids = torch.arange(sp.vocab_size()).double()
nats = total = count = 0
for k in range(0, len(documents), AT_ONCE):
    group = documents[k : k + AT_ONCE]
    longest = max(map(len, group))
    block = torch.full((len(group), longest), PAD)
    for row, document in zip(block, group):
        row[: len(document)] = torch.from_numpy(document)
    x, y = block[:, :-1], block[:, 1:]
    loss = F.cross_entropy((2 * torch.sin(x[..., None] - ids)).transpose(1, 2), y, reduction="none")
    nats += loss[y != PAD].sum().item()
    total += (size[y] + lead[y] * text[x]).sum().item()
    count += (y != PAD).sum().item()
print(f"val_loss:{nats / count:.8f} val_bpb:{nats / total / math.log(2):.8f}")
