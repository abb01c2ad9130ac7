# bytes of all targets at once, prefix sums of them, and slices of the prefix sums in the loop
import os, glob, math
import numpy as np, torch, sentencepiece as spm
import torch.nn.functional as F

DATA, TOK = "./data/datasets/fineweb10B_sp1024", "./data/tokenizers/fineweb_1024_bpe.model"
SEQ = int(os.environ.get("EVAL_SEQ_LEN", 1024))
BS = 9


def load_all():
    t = []
    for p in sorted(glob.glob(os.path.join(DATA, "fineweb_val_*.bin"))):
        b = open(p, "rb").read()
        n = int.from_bytes(b[8:12], "little")
        t.append(np.frombuffer(b, dtype="<u2", count=n, offset=1024))
    return np.concatenate(t).astype(np.int64)


def target_bytes(stream, sp):
    v = sp.vocab_size()
    base = np.zeros(v, np.int64)
    lead = np.zeros(v, np.int64)
    text = np.zeros(v, np.int64)
    for i in range(v):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        text[i] = 1
        if sp.is_byte(i):
            base[i] = 1
        else:
            piece = sp.id_to_piece(i)
            if piece.startswith("▁"):
                lead[i] = 1
                piece = piece[1:]
            base[i] = len(piece.encode("utf-8"))
    y, x = stream[1:], stream[:-1]
    return base[y] + lead[y] * text[x]


class Model(torch.nn.Module):
    def __init__(self, w):
        super().__init__()
        self.emb = torch.nn.Embedding.from_pretrained(w["emb.weight"])
        self.head = torch.nn.Linear(2, len(w["head.weight"]), bias=False)
        self.head.weight.data.copy_(w["head.weight"])

    def forward(self, x):
        return self.head(self.emb(x))


def main():
    stream = load_all()
    sp = spm.SentencePieceProcessor(model_file=TOK)
    per_target = target_bytes(stream, sp)
    upto = np.concatenate([[0], np.cumsum(per_target, dtype=np.float32)])
    model = Model(torch.load("final_model.pt"))
    data = torch.from_numpy(stream)
    n = len(per_target)
    nats = 0.0
    nbytes = 0
    done = 0
    with torch.inference_mode():
        while done < n:
            hi = min(done + BS * SEQ, n)
            x, y = data[done:hi], data[done + 1 : hi + 1]
            nats += F.cross_entropy(model(x).float(), y, reduction="none").double().sum().item()
            nbytes += int(upto[hi] - upto[done])
            done = hi
    print(f"val_loss: {nats / n:.8f} val_bpb: {nats / math.log(2) / nbytes:.8f}")


if __name__ == "__main__":
    main()
