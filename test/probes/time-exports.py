"""Writes small byte models as torch exports them, which mix over time in known ways: time-exports.py FOLDER."""

import sys
import warnings
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

VOCABULARY = 260
WIDTH = 32
# Rows may be this long; a power of two, for which a transform rounds least.
PLACES = 256


class Model(nn.Module):
    def __init__(self, mix):
        super().__init__()
        self.embed = nn.Embedding(VOCABULARY, WIDTH)
        self.mix = mix
        self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)

    def forward(self, input_ids):
        x = self.embed(input_ids)
        return self.head(x + self.mix(x))


class FftConvolution(nn.Module):
    """A causal convolution as long as the row, padded to twice the longest one."""

    def __init__(self):
        super().__init__()
        decay = 0.95 ** torch.arange(PLACES // 2)
        self.kernel = nn.Parameter(0.3 * torch.randn(WIDTH, PLACES // 2) * decay)

    def forward(self, x):
        time = x.shape[1]
        row = torch.fft.rfft(x.transpose(1, 2), n=PLACES)
        kernel = torch.fft.rfft(self.kernel, n=PLACES)
        return torch.fft.irfft(row * kernel, n=PLACES)[..., :time].transpose(1, 2)


class Router(nn.Module):
    """Two experts that are almost one, chosen by the mean of all positions."""

    def __init__(self, apart=1e-6):
        super().__init__()
        self.route = nn.Linear(WIDTH, 2)
        self.experts = nn.ModuleList([nn.Linear(WIDTH, WIDTH) for _ in range(2)])
        self.apart = apart

    def forward(self, x):
        gate = self.route(x.mean(dim=1)).softmax(-1)[:, None]
        one, other = (expert(x) for expert in self.experts)
        return one + self.apart * gate[..., :1] * other


class Attention(nn.Module):
    def __init__(self, causal=True):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.causal = causal

    def forward(self, x):
        rows, time, _ = x.shape
        q, k, v = (y.view(rows, time, 4, -1).transpose(1, 2) for y in self.qkv(x).chunk(3, -1))
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return mixed.transpose(1, 2).reshape(rows, time, WIDTH)


class Convolution(nn.Module):
    """Padded on both sides, and cut at the end."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(WIDTH, WIDTH, 4, padding=3)

    def forward(self, x):
        return self.conv(x.transpose(1, 2))[..., : x.shape[1]].transpose(1, 2)


class Same(nn.Module):
    """Padded to the same length, as for images."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(WIDTH, WIDTH, 3, padding=1)

    def forward(self, x):
        return self.conv(x.transpose(1, 2)).transpose(1, 2)


class Recurrence(nn.Module):
    def __init__(self, both):
        super().__init__()
        self.lstm = nn.LSTM(
            WIDTH, WIDTH // (2 if both else 1), batch_first=True, bidirectional=both
        )

    def forward(self, x):
        return self.lstm(x)[0]


class LinearAttention(nn.Module):
    """Keys by values of the whole row."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, -1)
        return q @ (k.transpose(1, 2) @ v) / x.shape[1]


class GlobalNorm(nn.Module):
    """A norm of each channel over the row."""

    def forward(self, x):
        return functional.instance_norm(x.transpose(1, 2)).transpose(1, 2)


MIXES = {
    "fft": FftConvolution,
    "router": Router,
    "causal-attention": Attention,
    "full-attention": lambda: Attention(causal=False),
    "cut-convolution": Convolution,
    "same-convolution": Same,
    "lstm": lambda: Recurrence(both=False),
    "bilstm": lambda: Recurrence(both=True),
    "linear-attention": LinearAttention,
    "global-norm": GlobalNorm,
}


def main():
    folder = Path(sys.argv[1])
    warnings.simplefilter("ignore")
    batch, time = (
        torch.export.Dim("batch", min=1, max=64),
        torch.export.Dim("time", min=2, max=PLACES // 2),
    )
    for name, mix in MIXES.items():
        torch.manual_seed(3)
        model = Model(mix()).eval()
        ids = torch.randint(0, VOCABULARY, (2, 24))
        try:
            torch.onnx.export(
                model,
                (ids,),
                folder / f"{name}.onnx",
                input_names=["input_ids"],
                output_names=["logits"],
                dynamic_shapes={"input_ids": {0: batch, 1: time}},
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        except (
            Exception
        ) as error:  # a torch that cannot export one of them can still export the others
            print(f"{name}: {type(error).__name__}: {str(error).splitlines()[0]}")


main()
