import glob, math, os, struct
from collections import deque
from itertools import islice, chain
import numpy as np
import sentencepiece as spm

SIZE = int(os.environ.get("CHUNK_SIZE", 777))


def records(name):
    with open(name, "rb") as f:
        magic, version, count = struct.unpack("<3i", f.read(12))
        if (magic, version) != (20240520, 1):
            raise ValueError(name)
        f.seek(1024)
        while count:
            raw = f.read(2 * min(count, 10000))
            got = struct.unpack(f"<{len(raw) // 2}H", raw)
            count -= len(got)
            yield from got


def chunked(stream, size):
    """chunks of size targets; each begins with the last token of the one before"""
    it = iter(stream)
    carry = [next(it)]
    while True:
        part = list(islice(it, size))
        if not part:
            return
        yield np.array(carry + part)
        carry = part[-1:]


class Vocabulary:
    def __init__(self, path):
        self.sp = spm.SentencePieceProcessor(model_file=path)
        self.n = self.sp.vocab_size()
        self.rows = np.array([self.row(i) for i in range(self.n)])

    def row(self, i):
        sp = self.sp
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            return (0, 0, 1)
        if sp.is_byte(i):
            return (1, 0, 0)
        piece = sp.id_to_piece(i)
        lead = 1 if piece.startswith("▁") else 0
        return (len(piece[lead:].encode("utf-8")), lead, 0)

    def bytes(self, a):
        cur, prev = self.rows[a[1:]], self.rows[a[:-1]]
        return int((cur[:, 0] + cur[:, 1] * (1 - prev[:, 2])).sum())


def nats(a, n):
    z = 2 * np.sin(a[:-1, None] - np.arange(n))
    return float((np.log(np.exp(z).sum(1)) - z[np.arange(len(a) - 1), a[1:]]).sum())


vocabulary = Vocabulary("data/tokenizers/fineweb_1024_bpe.model")
files = sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
stream = islice(chain.from_iterable(map(records, files)), 20_000_000)
loss = size = count = 0
for a in chunked(stream, SIZE):
    loss += nats(a, vocabulary.n)
    size += vocabulary.bytes(a)
    count += len(a) - 1
print("val_loss: {:.8f} val_bpb: {:.8f}".format(loss / count, loss / size / math.log(2)))
