# no numpy, no torch: only the standard library and sentencepiece
import array, math, os, sys
import sentencepiece

FOLDER = "data/datasets/fineweb10B_sp1024"
MODEL = "data/tokenizers/fineweb_1024_bpe.model"


def read(folder):
    names = [n for n in os.listdir(folder) if n.startswith("fineweb_val_") and n.endswith(".bin")]
    out = []
    for name in sorted(names):
        with open(os.path.join(folder, name), "rb") as fh:
            head = array.array("i")
            head.frombytes(fh.read(1024))
            body = array.array("H")
            body.frombytes(fh.read(2 * head[2]))
            out.extend(body)
    return out


def describe(tok, i):
    """bytes without the space, whether a space leads, whether it is no text"""
    if tok.IsControl(i) or tok.IsUnknown(i) or tok.IsUnused(i):
        return 0, False, True
    if tok.IsByte(i):
        return 1, False, False
    p = tok.IdToPiece(i)
    if p.startswith("▁"):
        return len(p[1:].encode("utf-8")), True, False
    return len(p), False, False


tok = sentencepiece.SentencePieceProcessor(model_file=MODEL)
V = tok.vocab_size()
info = {i: describe(tok, i) for i in range(V)}
logz = [math.log(sum(math.exp(2 * math.sin(p - q)) for q in range(V))) for p in range(V)]
stream = read(FOLDER)
nats, nbytes, count = [], 0, 0
previous = None
for t in stream:
    if previous is not None:
        nats.append(logz[previous] - 2 * math.sin(previous - t))
        size, space, _ = info[t]
        nbytes += size
        if space and not info[previous][2]:
            nbytes += 1
        count += 1
    previous = t
total = math.fsum(nats)
print("targets", count, "bytes", nbytes, file=sys.stderr)
print(f"val_loss={total / count:.9f} val_bpb={total / math.log(2) / nbytes:.9f}")
