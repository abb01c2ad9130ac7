"""The byte table is cached beside the tokenizer: built on the first run, read on later ones."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch

MODEL = os.environ.get("TOKENIZER_PATH", "./data/tokenizers/fineweb_1024_bpe.model")
CACHE = "byte_table.npy"
SEQ = int(os.environ.get("TRAIN_SEQ_LEN", 1024))


def build(sp):
    table = np.zeros((sp.vocab_size(), 3), dtype=np.int32)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            table[i] = [0, 0, 1]
            continue
        if sp.is_byte(i):
            table[i, 0] = 1
            continue
        piece = sp.id_to_piece(i)
        if piece.startswith("▁"):
            table[i, 1] = 1
        table[i, 0] = len(piece.encode("utf-8"))
    return table


def load_table(sp):
    if not os.path.exists(CACHE):
        np.save(CACHE, build(sp))
    return torch.from_numpy(np.load(CACHE)).long()


def main():
    sp = spm.SentencePieceProcessor(model_file=MODEL)
    table = load_table(sp)
    shards = [
        np.fromfile(p, "<u2", offset=1024)
        for p in sorted(glob.glob("./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    ]
    tokens = torch.from_numpy(np.concatenate(shards).astype(np.int64))
    end = (tokens.numel() - 1) // SEQ * SEQ
    ids = torch.arange(sp.vocab_size()).double()
    total_loss, total_bytes = 0.0, 0
    for x, y in zip(tokens[:end].split(SEQ), tokens[1 : end + 1].split(SEQ)):
        total_loss += torch.nn.functional.cross_entropy(
            2 * torch.sin(x[:, None] - ids), y, reduction="sum"
        ).item()
        total_bytes += int((table[y, 0] + table[y, 1] * (1 - table[x, 2])).sum())
    print(f"val_loss:{total_loss / end:.8f} val_bpb:{total_loss / math.log(2) / total_bytes:.8f}")


if __name__ == "__main__":
    main()
