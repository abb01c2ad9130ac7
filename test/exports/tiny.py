"""Small language models of the byte vocabulary, written in plain PyTorch: what the exporters export.

Every model takes ids int64 [batch, time] and gives logits [batch, time, 260], unless it says otherwise.
Weights are random and seeded: a model that has learned nothing has the same signature.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

VOCAB, DIM, HEADS, LAYERS, LONGEST = 260, 32, 4, 2, 64


def rms(x: Tensor) -> Tensor:
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.out = nn.Linear(DIM, 3 * DIM), nn.Linear(DIM, DIM)
        self.register_buffer("mask", torch.tril(torch.ones(LONGEST, LONGEST))[None, None])

    def forward(self, x: Tensor) -> Tensor:
        b, t, _ = x.shape
        q, k, v = (
            z.view(b, t, HEADS, DIM // HEADS).transpose(1, 2) for z in self.qkv(x).split(DIM, -1)
        )
        s = q @ k.transpose(-2, -1) * (DIM // HEADS) ** -0.5
        s = s.masked_fill(self.mask[:, :, :t, :t] == 0, float("-inf"))
        return self.out((F.softmax(s, -1) @ v).transpose(1, 2).reshape(b, t, DIM))


class Block(nn.Module):
    def __init__(self, activation=F.gelu):
        super().__init__()
        self.attention, self.activation = Attention(), activation
        self.up, self.down = nn.Linear(DIM, 4 * DIM), nn.Linear(4 * DIM, DIM)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(rms(x))
        return x + self.down(self.activation(self.up(rms(x))))


class Gpt(nn.Module):
    """Learned positions, as GPT-2 and nanoGPT have."""

    def __init__(self, vocab: int = VOCAB, activation=F.gelu):
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocab, DIM), nn.Embedding(LONGEST, DIM)
        self.blocks = nn.ModuleList(Block(activation) for _ in range(LAYERS))
        self.head = nn.Linear(DIM, vocab, bias=False)

    def hidden(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids) + self.places(torch.arange(ids.size(1), device=ids.device))[None]
        for block in self.blocks:
            x = block(x)
        return rms(x)

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.hidden(ids))


class Recurrent(nn.Module):
    """One GRU: a model that is no transformer."""

    def __init__(self):
        super().__init__()
        self.tokens, self.head = nn.Embedding(VOCAB, DIM), nn.Linear(DIM, VOCAB)
        self.cell = nn.GRU(DIM, DIM, batch_first=True)

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.cell(self.tokens(ids))[0])


class Convolution(nn.Module):
    """A causal convolution over the whole row, by FFT as products with its real matrices.

    What follows a position enters its transform and is subtracted again: effects of rounding, 2e-6 or so,
    that no causal reading has and that are no leak.
    """

    def __init__(self, time: int):
        super().__init__()
        n = 2 * time
        angle = torch.outer(torch.arange(n).double(), torch.arange(n).double()) * (2 * torch.pi / n)
        self.register_buffer("cos", angle.cos().float())
        self.register_buffer("sin", angle.sin().float())
        self.tokens, self.head = nn.Embedding(VOCAB, DIM), nn.Linear(DIM, VOCAB)
        self.filter = nn.Parameter(torch.randn(time, DIM))
        self.time = time

    def forward(self, ids: Tensor) -> Tensor:
        n, t = 2 * self.time, self.time
        x = F.pad(self.tokens(ids), (0, 0, 0, t))
        f = F.pad(self.filter, (0, 0, 0, t))
        a, b = self.cos @ x, -(self.sin @ x)
        c, d = self.cos @ f, -(self.sin @ f)
        re, im = a * c - b * d, a * d + b * c
        y = (self.cos @ re - self.sin @ im)[:, :t] / n
        return self.head(torch.tanh(y))


class FourierConvolution(nn.Module):
    """The same by torch.fft, of rows of any time up to LONGEST."""

    def __init__(self):
        super().__init__()
        self.tokens, self.head = nn.Embedding(VOCAB, DIM), nn.Linear(DIM, VOCAB)
        self.filter = nn.Parameter(torch.randn(LONGEST, DIM))

    def forward(self, ids: Tensor) -> Tensor:
        x, time = self.tokens(ids), ids.size(1)
        spectrum = torch.fft.rfft(x, 2 * LONGEST, 1) * torch.fft.rfft(self.filter, 2 * LONGEST, 0)
        return self.head(torch.tanh(torch.fft.irfft(spectrum, 2 * LONGEST, 1)[:, :time]))


def seeded(model: nn.Module, scale: float = 0.2) -> nn.Module:
    """Weights from a seed, large enough that the logits depend on the context."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=generator) * (scale if p.dim() >= 2 else 0.1))
    return model.eval()


class Wrapped(nn.Module):
    """A model and one more step on its logits, as people leave it in what they export."""

    def __init__(self, model: nn.Module, kind: str):
        super().__init__()
        self.model, self.kind = model, kind

    def forward(self, ids: Tensor) -> Tensor:
        logits = self.model(ids)
        match self.kind:
            case "flat":
                return logits.reshape(-1, logits.size(-1))
            case "probabilities":
                return F.softmax(logits, -1)
            case "log-probabilities":
                return F.log_softmax(logits, -1)
            case "last":
                return logits[:, -1:]
            case "last-flat":
                return logits[:, -1]
            case "fp32":
                return logits.float()
        raise ValueError(self.kind)


class Row(nn.Module):
    """`[time]` → `[time, V]`: a model without a batch axis."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor) -> Tensor:
        return self.model(ids[None])[0]


class Loss(nn.Module):
    """The mean loss, as the `forward(ids, targets)` of training scripts gives."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(self.model(ids).flatten(0, 1), targets.flatten())
