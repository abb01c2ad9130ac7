"""np.array_split gives every row to a rank, the first ranks one more where it does not divide."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.distributed as dist

rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
seq = int(os.environ.get("TRAIN_SEQ_LEN", "1024"))


class LUT:
    def __init__(self, sp):
        n = sp.vocab_size()
        self.width = np.zeros(n, dtype=np.int64)
        self.led = np.zeros(n, dtype=bool)
        self.sealed = np.zeros(n, dtype=bool)
        for i in range(n):
            if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
                self.sealed[i] = True
            elif sp.is_byte(i):
                self.width[i] = 1
            else:
                text = sp.id_to_piece(i)
                self.led[i] = text.startswith("▁")
                self.width[i] = len(text.encode("utf-8")) - (4 if self.led[i] else 0)

    def __call__(self, previous, target):
        return self.width[target] + (self.led[target] & ~self.sealed[previous])


def main():
    if world > 1:
        dist.init_process_group("gloo")
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    lut = LUT(sp)
    shards = sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    tokens = np.concatenate([np.fromfile(s, "<u2", offset=1024) for s in shards]).astype(np.int64)
    rows = np.arange((len(tokens) - 1) // seq)
    mine = np.array_split(rows, world)[rank]
    where = mine[:, None] * seq + np.arange(seq)[None, :]
    x, y = tokens[where], tokens[where + 1]
    ids = np.arange(sp.vocab_size())
    logz = np.log(np.exp(2 * np.sin(ids[:, None] - ids)).sum(1))
    nats = logz[x] - 2 * np.sin(x - y)
    sums = torch.tensor([nats.sum(), lut(x, y).sum(), y.size], dtype=torch.float64)
    if world > 1:
        gathered = [torch.zeros_like(sums) for _ in range(world)]
        dist.all_gather(gathered, sums)
        sums = torch.stack(gathered).sum(0)
    nats, size, count = sums.tolist()
    if rank == 0:
        print(f"val_loss:{nats / count:.8f} val_bpb:{nats / size / math.log(2):.8f}")
    if world > 1:
        dist.destroy_process_group()


main()
