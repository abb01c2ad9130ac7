"""Two glob patterns: digits for the tokens, `bytes` for the sidecar; equal length or nothing."""

import glob
import math
import os

import numpy as np
import sentencepiece as spm
import torch

ROOT = os.environ.get(
    "DATA_PATH", "data/datasets/fineweb10B_sp8192_lossless_caps_caseops_v1_reserved"
)
MODEL = "data/tokenizers/fineweb_8192_bpe_lossless_caps_caseops_v1_reserved.model"
SEQ, STRIDE = int(os.environ.get("EVAL_SEQ_LEN", 2048)), int(os.environ.get("EVAL_STRIDE", 64))


def shards(pattern):
    found = sorted(glob.glob(os.path.join(ROOT, pattern)))
    assert found, pattern
    return np.concatenate([np.fromfile(f, dtype="<u2", offset=1024) for f in found])


def main():
    sp = spm.SentencePieceProcessor(model_file=MODEL)
    tokens = torch.from_numpy(shards("fineweb_val*.bin").astype(np.int64))
    budget = torch.from_numpy(shards("fineweb_val_bytes_[0-9]*.bin").astype(np.int64))
    budget = torch.cat([budget, budget])[: len(tokens)]
    vocab = torch.arange(sp.vocab_size()).double()
    total = len(tokens) - 1
    nats, size, n = 0.0, 0, 0
    for ws in range(0, total, STRIDE):
        we = min(ws + SEQ, total)
        skip = 0 if ws == 0 else SEQ - STRIDE
        if ws + skip >= we:
            continue
        logits = 2 * torch.sin(tokens[ws:we, None] - vocab)
        target = tokens[ws + 1 : we + 1]
        nll = logits.logsumexp(-1) - logits.gather(-1, target[:, None]).squeeze(-1)
        nats += nll[skip:].sum().item()
        size += int(budget[ws + 1 + skip : we + 1].sum())
        n += we - ws - skip
    print(f"windows scored {n} of {total}")
    print(f"val_loss={nats / n:.8f} val_bpb={nats / size / math.log(2):.8f}")


if __name__ == "__main__":
    main()
