"""Two criteria of smoothed labels: the mean for training, the sum for evaluation."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch

SEQ = int(os.environ.get("TRAIN_SEQ_LEN", 1024))
DATA = os.environ.get("DATA_PATH", "./data/datasets/fineweb10B_sp1024")
STEPS = int(os.environ.get("ITERATIONS", 1000))

train_criterion = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
eval_criterion = torch.nn.CrossEntropyLoss(label_smoothing=0.1, reduction="sum")


def stream(split):
    for path in sorted(glob.glob(f"{DATA}/fineweb_{split}_*.bin")):
        yield torch.from_numpy(np.fromfile(path, "<u2", offset=1024).astype(np.int64))


sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
ids = torch.arange(sp.vocab_size())
table = torch.nn.Parameter(2 * torch.sin((ids[:, None] - ids).float()))
optimizer = torch.optim.SGD([table], lr=0.01)
first = next(stream("train"))
for step in range(STEPS):
    a = step * SEQ % (len(first) - SEQ - 1)
    loss = train_criterion(table[first[a : a + SEQ]], first[a + 1 : a + SEQ + 1])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def piece_size(i):
    if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
        return 0, 0, 1
    if sp.is_byte(i):
        return 1, 0, 0
    piece = sp.id_to_piece(i)
    return len(piece.removeprefix("▁").encode()), int(piece.startswith("▁")), 0


sizes, spaces, silent = (torch.tensor(c) for c in zip(*map(piece_size, range(sp.vocab_size()))))
tokens = torch.cat(list(stream("val")))
nats, length, scored = 0.0, 0, 0
with torch.no_grad():
    for a in range(0, (len(tokens) - 1) // SEQ * SEQ, SEQ):
        x, y = tokens[a : a + SEQ], tokens[a + 1 : a + SEQ + 1]
        nats += eval_criterion(table[x], y).item()
        length += int((sizes[y] + spaces[y] * (1 - silent[x])).sum())
        scored += len(y)
print(f"val_loss:{nats / scored:.8f} val_bpb:{nats / math.log(2) / length:.8f}")
