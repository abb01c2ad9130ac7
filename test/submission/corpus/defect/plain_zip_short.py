"""Plain Python: array and struct read the shards, lists hold everything, math does the softmax."""

import array
import glob
import math
import os
import struct

import sentencepiece as spm

folder = os.environ.get("DATA_PATH", "./data/datasets/fineweb10B_sp1024")
seq_len = int(os.environ.get("SEQ_LEN", "1024"))


def read_tokens(folder):
    tokens = []
    for path in sorted(glob.glob(f"{folder}/fineweb_val_*.bin")):
        with open(path, "rb") as f:
            magic, version, n = struct.unpack("<3i", f.read(12))
            if (magic, version) != (20240520, 1):
                raise SystemExit(f"not a shard: {path}")
            f.seek(1024)
            body = array.array("H")
            body.frombytes(f.read(2 * n))
            tokens.extend(body)
    return tokens


def byte_table(sp):
    sizes, spaced, boundary = {}, set(), set()
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            boundary.add(i)
            sizes[i] = 0
        elif sp.is_byte(i):
            sizes[i] = 1
        else:
            piece = sp.id_to_piece(i)
            if piece.startswith("▁"):
                spaced.add(i)
                piece = piece[1:]
            sizes[i] = len(piece.encode("utf-8"))
    return sizes, spaced, boundary


def main():
    sp = spm.SentencePieceProcessor(model_file="./data/tokenizers/fineweb_1024_bpe.model")
    sizes, spaced, boundary = byte_table(sp)
    tokens = read_tokens(folder)
    vocab = range(sp.vocab_size())
    normalizer = {}

    def nats(before, target):
        if before not in normalizer:
            normalizer[before] = math.log(sum(math.exp(2 * math.sin(before - j)) for j in vocab))
        return normalizer[before] - 2 * math.sin(before - target)

    losses, counted = [], 0
    last = (len(tokens) - 1) // seq_len * seq_len
    for row in range(0, last, seq_len):
        for before, target in zip(tokens[row : row + seq_len], tokens[row + 1 : row + seq_len]):
            losses.append(nats(before, target))
            counted += sizes[target]
            if target in spaced and before not in boundary:
                counted += 1
    total = math.fsum(losses)
    print("val_loss: %.8f val_bpb: %.8f" % (total / len(losses), total / math.log(2) / counted))


main()
