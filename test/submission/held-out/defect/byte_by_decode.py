"""Windows are collected in a buffer; a full buffer is scored, and what is left is scored at the end."""
import glob
import math
import os
import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

CTX = int(os.environ.get("SEQ_LEN", 2048))
HOP = int(os.environ.get("STRIDE", 256))
BATCH = 20
PATTERN = os.environ.get("VAL_FILES", "./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin")


class Scorer:
    def __init__(self, model, tables, vocab):
        self.model, self.vocab = model, vocab
        self.base, self.lead, self.none = tables
        self.buffer = []
        self.nats, self.size, self.count = 0.0, 0, 0

    def push(self, x, y, skip):
        self.buffer.append((x, y, skip))
        if len(self.buffer) == BATCH:
            self.flush()

    def flush(self):
        if not self.buffer:
            return
        width = max(x.numel() for x, _, _ in self.buffer)
        xs = torch.zeros(len(self.buffer), width, dtype=torch.long)
        for i, (x, _, _) in enumerate(self.buffer):
            xs[i, : x.numel()] = x
        logits = self.model(xs)
        for i, (x, y, skip) in enumerate(self.buffer):
            piece = logits[i, skip : y.numel()].float()
            nll = F.cross_entropy(piece, y[skip:], reduction="sum")
            self.nats += float(nll)
            self.count += y.numel() - skip
            t, p = y[skip:], x[skip:]
            self.size += int(self.base[t].sum()) + int((self.lead[t] & ~self.none[p]).sum())
        self.buffer.clear()


def load(pattern):
    shards = []
    for f in sorted(glob.glob(pattern)):
        n = np.fromfile(f, dtype="<i4", count=256)[2]
        shards.append(np.fromfile(f, dtype="<u2", count=n, offset=1024))
    return torch.from_numpy(np.concatenate(shards).astype("int64"))


def tables(sp, vocab):
    base = torch.zeros(vocab, dtype=torch.long)
    lead = torch.zeros(vocab, dtype=torch.bool)
    none = torch.ones(vocab, dtype=torch.bool)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        none[i] = False
        if sp.is_byte(i):
            base[i] = len(sp.decode([i]).encode("utf-8"))
        else:
            text = sp.id_to_piece(i)
            if text.startswith("▁"):
                lead[i] = True
                text = text[1:]
            base[i] = len(text.encode("utf-8"))
    return base, lead, none


def main():
    vocab = int(os.environ.get("VOCAB_SIZE", 1024))
    sp = spm.SentencePieceProcessor(model_file=os.environ.get("TOKENIZER_PATH", "./data/tokenizers/fineweb_1024_bpe.model"))
    ids = torch.arange(vocab).float()
    model = lambda x: 2 * torch.sin(x.float()[..., None] - ids)
    tokens = load(PATTERN)
    last = tokens.numel() - 1
    scorer = Scorer(model, tables(sp, vocab), vocab)
    begin = 0
    scored = 0
    while scored < last:
        stop = min(begin + CTX, last)
        chunk = tokens[begin : stop + 1]
        scorer.push(chunk[:-1], chunk[1:], scored - begin)
        scored = stop
        begin += HOP
    scorer.flush()
    loss = scorer.nats / scorer.count
    bpb = loss / math.log(2) * scorer.count / scorer.size
    print(f"val_loss: {loss:.8f}\nval_bpb: {bpb:.8f}")


with torch.no_grad():
    main()
