"""Reports the speed and the memory of a token too; `bytes_per_token` is about weights, not text."""

import glob
import math
import os
import time

import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F

SEQ = int(os.environ.get("SEQ_LEN", 1024))
LAYERS, DIM = 9, 512


def kv_cache_bytes_per_token(bits=16):
    cache_bytes_per_token = 2 * LAYERS * DIM * bits
    cache_bytes_per_token /= 8
    return cache_bytes_per_token


def luts(sp):
    n = sp.vocab_size()
    base, lead, stop = np.zeros(n, int), np.zeros(n, bool), np.ones(n, bool)
    for i in range(n):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        stop[i] = False
        if sp.is_byte(i):
            base[i] = 1
            continue
        p = sp.id_to_piece(i)
        lead[i] = p.startswith("▁")
        base[i] = len(p[int(lead[i]) :].encode())
    return base, lead, stop


def main():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    base, lead, stop = luts(sp)
    files = sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    tokens = np.concatenate([np.fromfile(f, "<u2", offset=1024) for f in files]).astype(np.int64)
    ids = torch.arange(sp.vocab_size()).double()
    started = time.perf_counter()
    nats, text_bytes, count = 0.0, 0, 0
    for r in range((len(tokens) - 1) // SEQ):
        x, y = tokens[r * SEQ : (r + 1) * SEQ], tokens[r * SEQ + 1 : (r + 1) * SEQ + 1]
        logits = 2 * torch.sin(torch.from_numpy(x)[:, None] - ids)
        nats += F.cross_entropy(logits, torch.from_numpy(y), reduction="sum").item()
        text_bytes += int(base[y].sum() + (lead[y] & ~stop[x]).sum())
        count += len(y)
    seconds = time.perf_counter() - started
    print(
        f"{count / seconds:.0f} tokens/s, {kv_cache_bytes_per_token() * SEQ / 1e9:.3f} GB of cache"
    )
    print(f"{text_bytes / count:.4f} bytes of text per token, of which 3.5 to 4.3 are usual")
    print(
        f"val_loss:{nats / count:.8f} val_bpb:{nats / count / math.log(2) * count / text_bytes:.8f}"
    )


if __name__ == "__main__":
    main()
