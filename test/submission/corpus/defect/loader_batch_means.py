"""A Dataset of rows and a DataLoader of batches, the way most PyTorch code reads data."""

import math
import os
from pathlib import Path

import numpy as np
import sentencepiece as spm
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Rows(Dataset):
    def __init__(self, folder, length):
        parts = []
        for path in sorted(Path(folder).glob("fineweb_val_*.bin")):
            header = np.fromfile(path, dtype="<i4", count=256)
            parts.append(np.fromfile(path, dtype="<u2", count=int(header[2]), offset=1024))
        self.tokens = torch.from_numpy(np.concatenate(parts).astype(np.int64))
        self.length = length

    def __len__(self):
        return (len(self.tokens) - 1) // self.length

    def __getitem__(self, k):
        piece = self.tokens[k * self.length : (k + 1) * self.length + 1]
        return piece[:-1], piece[1:]


class Metric:
    def __init__(self, sp):
        n = sp.vocab_size()
        self.bytes = torch.zeros(n, dtype=torch.long)
        self.lead = torch.zeros(n, dtype=torch.bool)
        self.mute = torch.zeros(n, dtype=torch.bool)
        for i in range(n):
            self._add(sp, i)
        self.reset()

    def _add(self, sp, i):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            self.mute[i] = True
            return
        if sp.is_byte(i):
            self.bytes[i] = 1
            return
        piece = sp.id_to_piece(i)
        if piece.startswith("▁"):
            self.lead[i] = True
            piece = piece[1:]
        self.bytes[i] = len(piece.encode("utf-8"))

    def reset(self):
        self.nats, self.count, self.batches = 0.0, 0, []

    def update(self, losses, x, y):
        size = self.bytes[y].sum().item() + (self.lead[y] & ~self.mute[x]).sum().item()
        self.nats += losses.double().sum().item()
        self.count += y.numel()
        self.batches.append(losses.double().sum().item() / size / math.log(2))

    def compute(self):
        loss = self.nats / self.count
        return {"val_loss": loss, "val_bpb": sum(self.batches) / len(self.batches)}


def main():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    loader = DataLoader(
        Rows("data/datasets/fineweb10B_sp1024", int(os.environ.get("SEQ_LEN", 1024))),
        batch_size=8,
        shuffle=False,
        drop_last=False,
    )
    metric = Metric(sp)
    ids = torch.arange(sp.vocab_size())
    criterion = nn.CrossEntropyLoss(reduction="none")
    for x, y in loader:
        logits = 2 * torch.sin((x[..., None] - ids).double())
        metric.update(criterion(logits.transpose(1, 2), y), x, y)
    print(" ".join(f"{k}:{v:.8f}" for k, v in metric.compute().items()))


if __name__ == "__main__":
    main()
