"""No loop statement but one: map, reduce and generator expressions."""

import functools
import glob
import itertools
import math
import operator
import os

import numpy as np
import sentencepiece as spm

SEQ = int(os.environ.get("TRAIN_SEQ_LEN", 1024))
read = lambda path: np.fromfile(path, dtype="<u2", offset=1024).astype(np.int64)
tokens = functools.reduce(
    lambda a, b: np.append(a, b),
    map(read, sorted(glob.glob("./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))),
)
sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
special = lambda i: sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)
marked = lambda i: not special(i) and sp.id_to_piece(i)[0] == "_"
body = lambda i: sp.id_to_piece(i)[1:] if marked(i) else sp.id_to_piece(i)
width = lambda i: 0 if special(i) else 1 if sp.is_byte(i) else len(body(i).encode("utf-8"))
V = range(sp.vocab_size())
widths, marks, specials = (np.array(list(map(f, V))) for f in (width, marked, special))

grid = np.arange(len(V))
logz = np.log(np.exp(2 * np.sin(grid[:, None] - grid)).sum(-1))


def row(k):
    x, y = tokens[k * SEQ : (k + 1) * SEQ], tokens[k * SEQ + 1 : (k + 1) * SEQ + 1]
    nats = logz[x] - 2 * np.sin(x - y)
    return nats.sum(), (widths[y] + (marks[y] & ~specials[x])).sum(), y.size


rows = itertools.takewhile(lambda k: (k + 1) * SEQ < len(tokens), itertools.count())
nats, size, count = functools.reduce(lambda a, b: tuple(map(operator.add, a, b)), map(row, rows))
print(
    "val_loss:{:.8f} val_bpb:{:.8f}".format(nats / count, nats / count / math.log(2) * count / size)
)
