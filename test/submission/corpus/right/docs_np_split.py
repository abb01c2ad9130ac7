"""Documents by np.split; the pair (last token, next BOS) belongs to the document before."""

import math
import os
from pathlib import Path

import numpy as np
import sentencepiece as spm

DATA = Path(os.environ.get("DATA_PATH", "data/datasets/fineweb10B_sp1024"))


def load():
    parts = []
    for path in sorted(DATA.glob("fineweb_val_[0-9]*.bin")):
        with path.open("rb") as f:
            head = np.frombuffer(f.read(1024), "<i4")
            parts.append(np.frombuffer(f.read(), "<u2", int(head[2])))
    return np.concatenate(parts).astype(np.int32)


class ByteTable(dict):
    """Bytes of (previous, target)."""

    def __init__(self, sp):
        self.sp = sp
        super().__init__((i, self.plain(i)) for i in range(sp.vocab_size()))

    def special(self, i):
        return self.sp.is_control(i) or self.sp.is_unknown(i) or self.sp.is_unused(i)

    def spaced(self, i):
        return not self.special(i) and self.sp.id_to_piece(i).startswith("▁")

    def plain(self, i):
        if self.special(i):
            return 0
        if self.sp.is_byte(i):
            return 1
        return len(self.sp.id_to_piece(i).removeprefix("▁").encode("utf-8"))

    def pair(self, before, target):
        return self[target] + (self.spaced(target) and not self.special(before))


def nats(x, y, vocab):
    z = 2 * np.sin(x[:, None] - np.arange(vocab)[None, :])
    return np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y]


def main():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    table = ByteTable(sp)
    tokens = load()
    cuts = np.flatnonzero(tokens == sp.bos_id())
    documents = np.split(np.arange(len(tokens)), cuts[cuts > 0])
    nll = size = targets = 0
    for where in documents:
        end = min(where[-1] + 1, len(tokens) - 1)
        x, y = tokens[where[0] : end], tokens[where[0] + 1 : end + 1]
        nll += nats(x, y, sp.vocab_size()).sum()
        size += sum(table.pair(int(a), int(b)) for a, b in zip(x, y))
        targets += len(y)
    print(f"{len(documents)} documents, {targets} targets")
    print(f"val_loss: {nll / targets:.9f}\nval_bpb: {nll / size / math.log(2):.9f}")


if __name__ == "__main__":
    main()
