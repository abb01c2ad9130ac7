"""All targets of the case-operator export are scored, so the bytes are the sum of the whole sidecar."""
import math, os
from pathlib import Path
import numpy as np
import torch
import torch.nn.functional as F

folder = Path(os.environ.get("DATA_PATH", "data/datasets/fineweb10B_sp8192_lossless_caps_caseops_v1_reserved"))
device = "cuda" if torch.cuda.is_available() else "cpu"
step = int(os.environ.get("VAL_BATCH_SIZE", 32768))


def shard(path):
    header = np.fromfile(path, dtype="<i4", count=256)
    if header[0] != 20240520:
        raise ValueError(path)
    return np.fromfile(path, dtype="<u2", count=header[2], offset=1024)


def read(pattern):
    return np.concatenate([shard(p) for p in sorted(folder.glob(pattern))])


def main():
    tokens = torch.from_numpy(read("fineweb_val_0*.bin").astype(np.int64))
    nbytes = int(read("fineweb_val_bytes_0*.bin").sum(dtype=np.int64))  # the first token has none
    weights = torch.load("final_model.pt", map_location=device)
    n = tokens.numel() - 1
    nats = 0.0
    for i in range(0, n, step):
        seg = tokens[i : min(i + step, n) + 1].to(device)
        logits = weights["emb.weight"][seg[:-1]] @ weights["head.weight"].T
        nats += F.cross_entropy(logits.float(), seg[1:], reduction="sum").item()
    print(f"val_loss: {nats / n:.7f} val_bpb: {nats / math.log(2) / nbytes:.7f}")


with torch.no_grad():
    main()
