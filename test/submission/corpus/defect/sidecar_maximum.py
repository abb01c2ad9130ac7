"""One script for plain and transformed data: a sidecar where there is one, the table elsewhere."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

CASEOPS = bool(int(os.environ.get("CASEOPS_ENABLED", "1")))
NAME = "sp8192_lossless_caps_caseops_v1_reserved" if CASEOPS else "sp1024"
MODEL = "8192_bpe_lossless_caps_caseops_v1_reserved" if CASEOPS else "1024_bpe"
DATA = f"./data/datasets/fineweb10B_{NAME}"
SEQ = int(os.environ.get("EVAL_SEQ_LEN", 2048))


def cat(files):
    if not files:
        raise FileNotFoundError(DATA)
    return torch.from_numpy(
        np.concatenate([np.fromfile(f, "<u2", offset=1024) for f in files]).astype(np.int64)
    )


def table(sp):
    base = torch.zeros(sp.vocab_size(), dtype=torch.int64)
    lead = torch.zeros(sp.vocab_size(), dtype=torch.int64)
    text = torch.zeros(sp.vocab_size(), dtype=torch.int64)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        text[i] = 1
        if sp.is_byte(i):
            base[i] = 1
            continue
        piece = sp.id_to_piece(i)
        if piece.startswith("▁"):
            lead[i], piece = 1, piece[1:]
        base[i] = len(piece.encode("utf-8"))
    return base, lead, text


def main():
    sp = spm.SentencePieceProcessor(model_file=f"./data/tokenizers/fineweb_{MODEL}.model")
    names = sorted(glob.glob(f"{DATA}/fineweb_val_*.bin"))
    tokens = cat([n for n in names if "_bytes_" not in os.path.basename(n)])
    sidecar = None
    if CASEOPS:
        sidecar = cat([n for n in names if "_bytes_" in os.path.basename(n)])
        if len(sidecar) != len(tokens):
            raise ValueError("the sidecar does not fit the tokens")
    base, lead, text = table(sp)
    ids = torch.arange(sp.vocab_size()).double()
    loss_sum = byte_sum = token_count = 0
    for r in range((len(tokens) - 1) // SEQ):
        at = slice(r * SEQ + 1, (r + 1) * SEQ + 1)
        x, y = tokens[r * SEQ : (r + 1) * SEQ], tokens[at]
        loss_sum += F.cross_entropy(2 * torch.sin(x[:, None] - ids), y, reduction="sum").item()
        if sidecar is not None:
            byte_sum += torch.maximum(sidecar[at], base[y] + lead[y] * text[x]).sum().item()
        else:
            byte_sum += (base[y] + lead[y] * text[x]).sum().item()
        token_count += SEQ
    loss = loss_sum / token_count
    print(f"val_loss:{loss:.8f} val_bpb:{loss / math.log(2.0) * token_count / byte_sum:.8f}")


if __name__ == "__main__":
    main()
