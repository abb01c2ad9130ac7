"""A DataLoader per rank over a Subset of the rows; the totals are reduced as one tensor."""
import glob, math, os
import numpy as np
import sentencepiece as spm
import torch
import torch.distributed as dist
from torch.utils.data import DataLoader, Subset, TensorDataset

E = os.environ.get
RANK, WORLD = int(E("RANK", 0)), int(E("WORLD_SIZE", 1))
SEQ, VOCAB = int(E("SEQ_LEN", 1024)), int(E("VOCAB_SIZE", 1024))


def rows_of(pattern):
    flat = np.concatenate([np.fromfile(p, "<u2", offset=1024) for p in sorted(glob.glob(pattern))]).astype(np.int64)
    n = (flat.size - 1) // SEQ
    flat = torch.from_numpy(flat[: n * SEQ + 1])
    return TensorDataset(flat[:-1].view(n, SEQ), flat[1:].view(n, SEQ))


def lookup():
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    out = torch.zeros(VOCAB, VOCAB, dtype=torch.int32)  # bytes of a target (column) after a token (row)
    for i in range(sp.vocab_size()):
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            continue
        if sp.is_byte(i):
            out[:, i] = 1
            continue
        piece = sp.id_to_piece(i)
        if piece.startswith("▁"):
            out[:, i] = len(piece.encode("utf-8"))
        else:
            out[:, i] = len(piece.encode("utf-8"))
    for p in range(VOCAB):
        if p >= sp.vocab_size() or sp.is_control(p) or sp.is_unknown(p) or sp.is_unused(p):
            for i in range(sp.vocab_size()):
                if not sp.is_control(i) and sp.id_to_piece(i).startswith("▁"):
                    out[p, i] -= 1
    return out


def main():
    if WORLD > 1:
        dist.init_process_group(backend="gloo")
    dataset = rows_of(E("VAL_FILES", "data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"))
    share = Subset(dataset, range(RANK, len(dataset), WORLD))
    loader = DataLoader(share, batch_size=7)
    bytes_after = lookup()
    w = torch.load("final_model.pt")
    loss_fn = torch.nn.CrossEntropyLoss(reduction="sum")
    totals = torch.zeros(3, dtype=torch.float64)
    with torch.no_grad():
        for x, y in loader:
            logits = w["emb.weight"][x] @ w["head.weight"].T
            totals[0] += loss_fn(logits.view(-1, VOCAB).double(), y.view(-1))
            totals[1] += y.numel()
            totals[2] += bytes_after[x, y].sum()
    if WORLD > 1:
        dist.all_reduce(totals)
    loss_total, n, size = totals.tolist()
    if RANK == 0:
        print(f"val_loss: {loss_total / n:.8f} val_bpb: {loss_total / size / math.log(2):.8f}")
    if WORLD > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
