import glob, math, os, time
import numpy as np
import sentencepiece as spm
import torch

LN2 = math.log(2.0)
t0 = time.time()


class GPT(torch.nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.emb = torch.nn.Embedding(vocab, dim)
        self.head = torch.nn.Linear(dim, vocab, bias=False)

    def forward(self, ids):
        return self.head(self.emb(ids))


def bits(logits, targets):
    """bits of each target"""
    logp = torch.log_softmax(logits.float(), dim=-1)
    return -logp.gather(-1, targets.unsqueeze(-1)).squeeze(-1) / LN2


def data_files(pattern):
    files = sorted(glob.glob(pattern))
    assert files, pattern
    return files


def read(path):
    with open(path, "rb") as f:
        head = np.frombuffer(f.read(1024), dtype=np.int32)
        assert head[0] == 20240520, "magic number mismatch"
        ntok = head[2]
        toks = np.frombuffer(f.read(2 * ntok), dtype=np.uint16)
    assert len(toks) == ntok
    return toks


def byte_count_tables(sp):
    nb = []
    ws = []
    sil = []
    for i in range(sp.vocab_size()):
        piece = sp.id_to_piece(i)
        silent = sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)
        sil.append(silent)
        ws.append((not silent) and piece.startswith("\u2581"))
        if silent:
            nb.append(0)
        elif sp.is_byte(i):
            nb.append(1)
        else:
            nb.append(len(piece[ws[-1] :].encode("utf-8")))
    return [torch.tensor(v) for v in (nb, ws, sil)]


def run(model, tokens, nb, ws, sil, rows, width):
    total_bits = 0.0
    total_bytes = 0
    total = 0
    step = rows * width
    n = len(tokens) - 1
    for start in range(0, n, step - width):
        stop = min(start + step, n)
        x = tokens[start:stop]
        y = tokens[start + 1 : stop + 1]
        full = (stop - start) // width * width
        for a, b in ((0, full), (full, stop - start)):
            if a == b:
                continue
            shape = (-1, width) if a == 0 and full else (1, -1)
            total_bits += bits(model(x[a:b].view(*shape)), y[a:b].view(*shape)).double().sum().item()
        total_bytes += nb[y].sum().item() + (ws[y] & ~sil[x]).sum().item()
        total += stop - start
    return total_bits, total_bytes, total


if __name__ == "__main__":
    data = os.environ.get("DATA_PATH", "data/datasets/fineweb10B_sp1024")
    tokens = torch.from_numpy(np.concatenate([read(f) for f in data_files(f"{data}/fineweb_val_*.bin")]).astype(np.int64))
    sp = spm.SentencePieceProcessor(model_file="data/tokenizers/fineweb_1024_bpe.model")
    model = GPT(int(os.environ.get("VOCAB_SIZE", 1024)), int(os.environ.get("MODEL_DIM", 2)))
    model.load_state_dict(torch.load("final_model.pt"))
    model.eval()
    with torch.no_grad():
        b, n, k = run(model, tokens, *byte_count_tables(sp), rows=12, width=int(os.environ.get("SEQ_LEN", 1024)))
    print(f"took {time.time() - t0:.1f}s")
    print(f"val_loss: {b * LN2 / k:.8f}, val_bpb: {b / n:.8f}")
