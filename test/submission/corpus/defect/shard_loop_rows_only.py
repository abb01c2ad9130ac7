"""Shard by shard; the first target of a shard follows the last token of the one before."""

import logging
import math
import os
import sys
from pathlib import Path

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.INFO)
log = logging.getLogger(__name__)


class Accounting:
    NONE, BYTE, TEXT, SPACED = range(4)

    def __init__(self, sp):
        self.kind = np.empty(sp.vocab_size(), dtype=np.int8)
        self.size = np.zeros(sp.vocab_size(), dtype=np.int32)
        for i in range(sp.vocab_size()):
            piece = sp.id_to_piece(i)
            if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
                self.kind[i] = self.NONE
            elif sp.is_byte(i):
                self.kind[i], self.size[i] = self.BYTE, 1
            elif piece.startswith("▁"):
                self.kind[i], self.size[i] = self.SPACED, len(piece[1:].encode("utf-8"))
            else:
                self.kind[i], self.size[i] = self.TEXT, len(piece.encode("utf-8"))

    def count(self, before, target):
        spaces = (self.kind[target] == self.SPACED) & (self.kind[before] != self.NONE)
        return int(self.size[target].sum()) + int(spaces.sum())


def main():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    accounting = Accounting(sp)
    seq = int(os.environ.get("SEQ_LEN", 1024))
    ids = torch.arange(sp.vocab_size()).double()
    last = np.zeros(0, dtype=np.int64)
    all_nats, all_bytes, all_tokens = 0.0, 0, 0
    for path in sorted(Path("data/datasets/fineweb10B_sp1024").glob("fineweb_val_*.bin")):
        tokens = np.concatenate([last, np.fromfile(path, "<u2", offset=1024).astype(np.int64)])
        nats, size = 0.0, 0
        for a in range(0, (len(tokens) - 1) // seq * seq, seq):
            b = a + seq
            x, y = tokens[a:b], tokens[a + 1 : b + 1]
            logits = 2 * torch.sin(torch.from_numpy(x)[:, None] - ids)
            nats += F.cross_entropy(logits, torch.from_numpy(y), reduction="sum").item()
            size += accounting.count(x, y)
        log.info("%s: %.4f bits per byte", path.name, nats / size / math.log(2))
        all_nats += nats
        all_bytes += size
        all_tokens += (len(tokens) - 1) // seq * seq
        last = tokens[-1:]
    log.info("val_loss:%.8f", all_nats / all_tokens)
    log.info("val_bpb:%.8f", all_nats / all_bytes / math.log(2))


if __name__ == "__main__":
    main()
