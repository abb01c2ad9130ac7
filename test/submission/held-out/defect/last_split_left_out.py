import argparse, glob, math, os, dataclasses
import numpy as np
import sentencepiece as spm
import torch
import torch.nn.functional as F
from typing import Iterator, NamedTuple


@dataclasses.dataclass(frozen=True)
class Settings:
    val_files: str = "data/datasets/fineweb10B_sp1024/fineweb_val_*.bin"
    tokenizer: str = "data/tokenizers/fineweb_1024_bpe.model"
    weights: str = "final_model.pt"
    seq_len: int = 1024
    rows: int = 64
    max_tokens: int = 0  # 0: all of them

    @classmethod
    def read(cls) -> "Settings":
        parser = argparse.ArgumentParser()
        for f in dataclasses.fields(cls):
            default = os.environ.get(f.name.upper(), f.default)
            parser.add_argument("--" + f.name.replace("_", "-"), type=type(f.default), default=type(f.default)(default))
        return cls(**vars(parser.parse_args()))


class Batch(NamedTuple):
    inputs: torch.Tensor
    targets: torch.Tensor


class Result(NamedTuple):
    nats: float = 0.0
    targets: int = 0
    bytes: int = 0

    def __add__(self, other: "Result") -> "Result":
        return Result(*(a + b for a, b in zip(self, other)))

    def loss(self) -> float:
        return self.nats / self.targets

    def bpb(self) -> float:
        return self.nats / (math.log(2) * self.bytes)


def tokens_of(s: Settings) -> torch.Tensor:
    shards = []
    for path in sorted(glob.glob(s.val_files)):
        header = np.fromfile(path, dtype="<i4", count=256)
        shards.append(np.fromfile(path, dtype="<u2", count=header[2], offset=1024))
    tokens = torch.from_numpy(np.concatenate(shards).astype(np.int64))
    return tokens[: s.max_tokens + 1] if s.max_tokens > 0 else tokens


def batches(tokens: torch.Tensor, s: Settings) -> Iterator[Batch]:
    rows = (tokens.numel() - 1) // s.seq_len
    x = tokens[: rows * s.seq_len].view(rows, s.seq_len)
    y = tokens[1 : rows * s.seq_len + 1].view(rows, s.seq_len)
    for a, b in zip(x.split(s.rows)[:-1], y.split(s.rows)[:-1]):
        yield Batch(a, b)


class Bytes:
    def __init__(self, path: str) -> None:
        sp = spm.SentencePieceProcessor(model_file=path)
        kinds = [self._kind(sp, i) for i in range(sp.vocab_size())]
        self.size, self.lead, self.text = (torch.tensor(k) for k in zip(*kinds))

    @staticmethod
    def _kind(sp: spm.SentencePieceProcessor, i: int) -> tuple[int, int, int]:
        if sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i):
            return 0, 0, 0
        if sp.is_byte(i):
            return 1, 0, 1
        piece = sp.id_to_piece(i)
        bare = piece[1:] if piece.startswith("\u2581") else piece
        return len(bare.encode("utf-8")), len(piece) - len(bare), 1

    def count(self, b: Batch) -> int:
        return int((self.size[b.targets] + self.lead[b.targets] * self.text[b.inputs]).sum())


def main() -> None:
    s = Settings.read()
    weights = torch.load(s.weights)
    counter = Bytes(s.tokenizer)
    total = Result()
    for b in batches(tokens_of(s), s):
        logits = weights["emb.weight"][b.inputs] @ weights["head.weight"].T
        nats = F.cross_entropy(logits.flatten(0, 1), b.targets.flatten(), reduction="sum").item()
        total += Result(nats, b.targets.numel(), counter.count(b))
    print(f"val_loss: {total.loss():.8f} val_bpb: {total.bpb():.8f}")


if __name__ == "__main__":
    with torch.inference_mode():
        main()
