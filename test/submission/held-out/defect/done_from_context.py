import os, glob, math
import numpy as np
import sentencepiece

HERE = os.environ.get("DATA_PATH", "data/datasets/fineweb10B_sp1024")


def windows(n_targets, length, step):
    """Yields (start, end, first scored) so that every target is scored once."""
    done = length - step
    start = 0
    while done < n_targets:
        end = min(start + length, n_targets)
        yield start, end, done
        done = end
        start += step


def pieces(sp):
    for i in range(sp.vocab_size()):
        piece = sp.id_to_piece(i)
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            yield 0, 0, 0
        elif sp.is_byte(i):
            yield 1, 0, 1
        elif piece[:1] == "▁":
            yield len(piece[1:].encode("utf-8")), 1, 1
        else:
            yield len(piece.encode("utf-8")), 0, 1


def stream():
    for name in sorted(glob.glob(HERE + "/fineweb_val_*.bin")):
        with open(name, "rb") as f:
            header = np.frombuffer(f.read(1024), dtype=np.int32)
            yield np.frombuffer(f.read(int(header[2]) * 2), dtype=np.uint16)


def nll(context, targets, vocab):
    z = 2 * np.sin(context[:, None] - np.arange(vocab)[None, :])
    lse = np.log(np.exp(z).sum(-1))
    return lse - z[np.arange(targets.size), targets]


def main():
    sp = sentencepiece.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    base, lead, real = (np.array(c) for c in zip(*pieces(sp)))
    tok = np.concatenate(list(stream())).astype(np.int64)
    length = int(os.environ.get("SEQ_LEN", 1024))
    step = int(os.environ.get("STRIDE", 64))
    loss = bytes_ = count = 0
    for a, b, first in windows(len(tok) - 1, length, step):
        losses = nll(tok[a:b], tok[a + 1 : b + 1], sp.vocab_size())[first - a :]
        t, p = tok[first + 1 : b + 1], tok[first:b]
        loss += float(losses.sum())
        bytes_ += int((base[t] + lead[t] * real[p]).sum())
        count += len(t)
    print(f"val_loss:{loss / count:.8f}")
    print(f"val_bpb:{loss / count / math.log(2) * count / bytes_:.8f}")


if __name__ == "__main__":
    main()
