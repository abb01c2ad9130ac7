import fnmatch, math, os
import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F

FOLDER = os.environ.get("DATA_PATH", "./data/datasets/fineweb10B_sp8192_lossless_caps_caseops_v1_reserved")
V = int(os.environ.get("VOCAB_SIZE", 8192))
T = int(os.environ.get("EVAL_SEQ_LEN", 2048))
rank = int(os.environ.get("RANK", 0))
world = int(os.environ.get("WORLD_SIZE", 1))


def names():
    tokens, bytes_ = [], []
    for n in sorted(os.listdir(FOLDER)):
        if fnmatch.fnmatch(n, "fineweb_val_bytes_*.bin"):
            bytes_.append(os.path.join(FOLDER, n))
        elif fnmatch.fnmatch(n, "fineweb_val_*.bin"):
            tokens.append(os.path.join(FOLDER, n))
    return tokens, bytes_


def cat(files):
    data = []
    for f in files:
        h = np.fromfile(f, "<i4", 256)
        assert h[0] == 20240520
        data.append(torch.from_numpy(np.fromfile(f, "<u2", int(h[2]), offset=1024).astype(np.int64)))
    return torch.cat(data)


def main():
    if world > 1:
        dist.init_process_group("gloo")
    token_files, byte_files = names()
    tokens, sizes = cat(token_files), cat(byte_files)
    if len(tokens) != len(sizes):
        raise SystemExit("tokens and bytes differ in length")
    w = torch.load("final_model.pt")
    rows = (len(tokens) - 1) // T
    lo, hi = rank * rows // world, (rank + 1) * rows // world
    nats = torch.zeros(1, dtype=torch.float64)
    n = torch.zeros(1, dtype=torch.int64)
    b = torch.zeros(1, dtype=torch.int64)
    with torch.no_grad():
        for r in range(lo, hi):
            s = slice(r * T, r * T + T)
            y = tokens[r * T + 1 : r * T + T + 1]
            logits = w["emb.weight"][tokens[s]] @ w["head.weight"].T
            nats += F.cross_entropy(logits, y, reduction="none").double().sum()
            n += T
            b += sizes[r * T + 1 : r * T + T + 1].sum()
    if world > 1:
        dist.reduce(nats, dst=0)
        dist.reduce(n, dst=0)
        dist.reduce(b, dst=0)
    if rank == 0:
        loss = nats.item() / n.item()
        print(f"val_loss: {loss:.8f} val_bpb: {nats.item() / math.log(2) / b.item():.8f}")
    if world > 1:
        dist.destroy_process_group()


main()
