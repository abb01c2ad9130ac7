import glob, math, os
import numpy as np
import sentencepiece as spm
import torch
import torch.distributed as dist
import torch.nn.functional as F


def setup():
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if world > 1:
        dist.init_process_group("gloo")
    return rank, world


def load(pattern):
    parts = [np.fromfile(f, dtype=np.uint16, offset=1024) for f in sorted(glob.glob(pattern))]
    return np.concatenate(parts).astype(np.int64)


def table(sp, vocab):
    t = np.zeros((vocab, 3), dtype=np.int64)
    t[:, 2] = 1
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        t[i, 2] = 0
        if sp.is_byte(i):
            t[i, 0] = 1
            continue
        p = sp.id_to_piece(i)
        if p[0] == "▁":
            t[i, 1] = 1
            p = p[1:]
        t[i, 0] = len(p.encode("utf-8"))
    return torch.from_numpy(t)


def documents(tokens):
    starts = np.flatnonzero(tokens == 1).tolist()
    return list(zip(starts, starts[1:] + [len(tokens) - 1]))


def main():
    rank, world = setup()
    vocab = int(os.environ.get("VOCAB_SIZE", 1024))
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    t = table(sp, vocab)
    tokens = load("data/datasets/fineweb10B_sp1024/fineweb_val_*.bin")
    docs = documents(tokens)
    mine = [d.tolist() for d in np.array_split(np.array(docs), world)][rank]
    ids = torch.arange(vocab)
    nats, count, size = 0.0, 0, 0
    for a, b in mine:
        x = torch.from_numpy(tokens[a:b])
        y = torch.from_numpy(tokens[a + 1 : b + 1])
        nats += F.cross_entropy(2 * torch.sin((x[:, None] - ids).double()), y, reduction="sum").item()
        size += (t[y, 0] + t[y, 1] * (1 - t[x, 2])).sum().item()
        count += len(y)
    mine_result = {"nats": nats, "count": count, "size": size}
    everyone = [mine_result]
    if world > 1:
        everyone = [None] * world
        dist.all_gather_object(everyone, mine_result)
    nats, count, size = [sum(r[k] for r in everyone) for k in ("nats", "count")] + [size]
    if rank == 0:
        print(f"val_loss: {nats / count:.8f} val_bpb: {nats / math.log(2) / size:.8f}")
    if world > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
