"""The model's shape and its one constant, for whatever builds it: PyTorch (model.py) or ONNX (export.py),
which therefore runs without PyTorch."""

from dataclasses import dataclass

EPS = 1e-6  # of every RMSNorm


@dataclass(frozen=True)
class Config:
    vocab: int = 1024
    layers: int = 8
    dim: int = 256
    heads: int = 4
    kv_heads: int = 2
    mlp: int = 3            # hidden width of the MLP in multiples of dim
    seq_len: int = 512      # of training and scoring; positions are relative, any length runs
    rope_base: float = 10000.0
    softcap: float = 30.0

    @property
    def head_dim(self) -> int:
        return self.dim // self.heads

    @property
    def skips(self) -> int:
        """Blocks of the first half, each of which one block of the second half hears of. With an odd
        number of layers the second half is one block longer, and its last block has no skip."""
        return self.layers // 2
