"""Evaluates; the data and the bytes are modules beside this one."""

import math
import os

import torch
import torch.nn.functional as F
from accounting import ByteTable
from shards import validation_tokens


def main():
    table = ByteTable("data/tokenizers/fineweb_1024_bpe.model")
    tokens = validation_tokens("data/datasets/fineweb10B_sp1024")
    seq, stride = int(os.environ.get("EVAL_SEQ_LEN", 1024)), int(os.environ.get("EVAL_STRIDE", 64))
    total = tokens.numel() - 1
    ids = torch.arange(table.vocab).double()
    nats, size, scored = 0.0, 0, 0
    while scored < total:
        end = min(max(scored + stride, seq), total)
        start = max(0, end - seq)
        x, y = tokens[start:end], tokens[start + 1 : end + 1]
        losses = F.cross_entropy(2 * torch.sin(x[:, None] - ids), y, reduction="none")
        nats += losses[scored - start :].sum().item()
        size += table.count(tokens[scored:end], tokens[scored + 1 : end + 1])
        scored = end
    print(f"val_loss:{nats / scored:.8f} val_bpb:{nats / math.log(2) / size:.8f}")


if __name__ == "__main__":
    main()
