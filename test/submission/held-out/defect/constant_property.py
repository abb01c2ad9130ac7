from __future__ import annotations
import math, os
from dataclasses import dataclass, field
from pathlib import Path
import numpy as np, sentencepiece as spm, torch
import torch.nn.functional as F


@dataclass
class Config:
    root: Path = Path(os.environ.get("DATA_PATH", "data/datasets/fineweb10B_sp1024"))
    model_file: str = os.environ.get("TOKENIZER_PATH", "data/tokenizers/fineweb_1024_bpe.model")
    window: int = int(os.environ.get("EVAL_SEQ_LEN", 2048))
    stride: int = int(os.environ.get("EVAL_STRIDE", 64))
    batch: int = 16
    device: torch.device = field(default_factory=lambda: torch.device("cuda" if torch.cuda.is_available() else "cpu"))


@dataclass
class Meter:
    nats: float = 0.0
    bytes: int = 0
    tokens: int = 0
    BYTES_PER_TOKEN = 2.44

    def add(self, nll: torch.Tensor, size: torch.Tensor) -> None:
        self.nats += nll.double().sum().item()
        self.bytes += int(size.sum())
        self.tokens += nll.numel()

    @property
    def loss(self) -> float:
        return self.nats / self.tokens

    @property
    def bpb(self) -> float:
        return self.loss / math.log(2) / self.BYTES_PER_TOKEN


class ByteTable:
    def __init__(self, sp: spm.SentencePieceProcessor):
        n = len(sp)
        self.size = torch.zeros(n, dtype=torch.int64)
        self.lead = torch.zeros(n, dtype=torch.int64)
        self.text = torch.zeros(n, dtype=torch.int64)
        for i in range(n):
            if sp.IsControl(i) or sp.IsUnknown(i) or sp.IsUnused(i):
                continue
            self.text[i] = 1
            if sp.IsByte(i):
                self.size[i] = 1
            else:
                p = sp.IdToPiece(i)
                if p.startswith("\u2581"):
                    self.lead[i], p = 1, p[1:]
                self.size[i] = len(p.encode())

    def __call__(self, prev: torch.Tensor, tgt: torch.Tensor) -> torch.Tensor:
        return self.size[tgt] + self.lead[tgt] * self.text[prev]


class Evaluator:
    def __init__(self, cfg: Config):
        self.cfg = cfg
        self.sp = spm.SentencePieceProcessor(model_file=cfg.model_file)
        self.table = ByteTable(self.sp)
        self.tokens = self._load()
        state = torch.load("final_model.pt", map_location=cfg.device)
        self.emb, self.head = state["emb.weight"], state["head.weight"]

    def _load(self) -> torch.Tensor:
        parts = []
        for f in sorted(self.cfg.root.glob("fineweb_val_*.bin")):
            raw = f.read_bytes()
            n = int(np.frombuffer(raw, "<i4", 256)[2])
            parts.append(np.frombuffer(raw, "<u2", n, offset=1024))
        return torch.from_numpy(np.concatenate(parts).astype(np.int64))

    def starts(self) -> list[int]:
        c, total = self.cfg, len(self.tokens) - 1
        keep = c.window - c.stride
        return [s for s in range(0, total, c.stride) if s == 0 or s + keep < total]

    @torch.inference_mode()
    def run(self) -> Meter:
        c, total, meter = self.cfg, len(self.tokens) - 1, Meter()
        starts = self.starts()
        for i in range(0, len(starts), c.batch):
            group = starts[i : i + c.batch]
            x = torch.zeros(len(group), c.window, dtype=torch.int64)
            y = torch.zeros(len(group), c.window, dtype=torch.int64)
            ends = [min(s + c.window, total) for s in group]
            for r, (s, e) in enumerate(zip(group, ends)):
                x[r, : e - s] = self.tokens[s:e]
                y[r, : e - s] = self.tokens[s + 1 : e + 1]
            logits = self.emb[x.to(c.device)] @ self.head.T
            nll = F.cross_entropy(logits.transpose(1, 2).float(), y.to(c.device), reduction="none").cpu()
            for r, (s, e) in enumerate(zip(group, ends)):
                a = 0 if s == 0 else c.window - c.stride
                sl = slice(a, e - s)
                meter.add(nll[r, sl], self.table(x[r, sl], y[r, sl]))
        return meter


m = Evaluator(Config()).run()
print(f"sliding val_loss: {m.loss:.8f} val_bpb: {m.bpb:.8f} tokens: {m.tokens} bytes: {m.bytes}")
