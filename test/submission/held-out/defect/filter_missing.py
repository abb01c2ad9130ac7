"""Case operators: the bytes are those of the published text, from the sidecar."""
import glob, math, os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class H:
    name = "lossless_caps_caseops_v1_reserved"
    datasets_dir = os.environ.get("DATA_PATH", f"./data/datasets/fineweb10B_sp8192_{name}")
    val_files = os.path.join(datasets_dir, "fineweb_val_*.bin")
    val_bytes_files = os.path.join(datasets_dir, "fineweb_val_bytes_*.bin")
    tokenizer_path = f"./data/tokenizers/fineweb_8192_bpe_{name}.model"
    vocab_size = int(os.environ.get("VOCAB_SIZE", 8192))
    eval_seq_len = int(os.environ.get("EVAL_SEQ_LEN", 2048))
    val_batch_tokens = int(os.environ.get("VAL_BATCH_SIZE", 65536))
    model_dim = int(os.environ.get("MODEL_DIM", 512))


def load_shard(fn):
    hdr = np.fromfile(fn, dtype="<i4", count=256)
    assert hdr[0] == 20240520, fn
    data = np.fromfile(fn, dtype="<u2", count=int(hdr[2]), offset=1024)
    assert len(data) == hdr[2], fn
    return torch.from_numpy(data.astype(np.int32))


class ValidationData:
    def __init__(self, h):
        files = sorted(glob.glob(h.val_files))
        if not files:
            raise FileNotFoundError(h.val_files)
        tokens = torch.cat([load_shard(f) for f in files])
        sidecar = torch.cat([load_shard(f) for f in sorted(glob.glob(h.val_bytes_files))])
        usable = (tokens.numel() - 1) // h.eval_seq_len * h.eval_seq_len + 1
        self.tokens, self.bytes = tokens[:usable], sidecar[:usable]


class Model(nn.Module):
    def __init__(self, h):
        super().__init__()
        self.emb = nn.Embedding(h.vocab_size, h.model_dim)
        self.head = nn.Linear(h.model_dim, h.vocab_size, bias=False)

    def forward(self, x, y):
        z = self.head(self.emb(x))
        return F.cross_entropy(z.reshape(-1, z.size(-1)).float(), y.reshape(-1))


def eval_val(h, device, data, model):
    seqs_per_batch = h.val_batch_tokens // h.eval_seq_len
    seqs = (data.tokens.numel() - 1) // h.eval_seq_len
    loss_sum = torch.zeros((), device=device, dtype=torch.float64)
    tokens = torch.zeros((), device=device, dtype=torch.float64)
    nbytes = torch.zeros((), device=device, dtype=torch.float64)
    model.eval()
    with torch.inference_mode():
        for s in range(0, seqs, seqs_per_batch):
            e = min(s + seqs_per_batch, seqs)
            a, b = s * h.eval_seq_len, e * h.eval_seq_len + 1
            ids = data.tokens[a:b].to(device=device, dtype=torch.int64)
            x, y = ids[:-1].view(-1, h.eval_seq_len), ids[1:].view(-1, h.eval_seq_len)
            loss_sum += model(x, y).double() * y.numel()
            tokens += y.numel()
            nbytes += data.bytes[a + 1 : b].to(device).double().sum()
    mean = loss_sum / tokens
    return mean.item(), (mean / math.log(2.0) * tokens / nbytes).item()


def main():
    h = H()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Model(h).to(device)
    model.load_state_dict(torch.load("final_model.pt", map_location=device))
    loss, bpb = eval_val(h, device, ValidationData(h), model)
    print(f"val_loss: {loss:.8f} val_bpb: {bpb:.8f}")


if __name__ == "__main__":
    main()
