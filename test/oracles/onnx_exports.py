"""Exports small language models with PyTorch's own exporters, for the tests of the graph pass.

usage: onnx_exports.py DIR [NAME …]   writes NAME.onnx for each case, prints one JSON line a case
with its facts or why it could not be exported. Weights are random and seeded.
"""

import contextlib
import json
import math
import sys
import warnings

import torch
import torch.nn.functional as F
from torch import Tensor, nn

VOCAB, DIM, HEADS, KV_HEADS, LAYERS, TIME = 64, 32, 4, 2, 2, 16


DYNAMO = True  # which exporter is at work: the older one has no rms_norm below opset 23


def rms(x: Tensor, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    if DYNAMO:
        return F.rms_norm(x, (x.size(-1),), weight, eps)
    y = x * torch.rsqrt(
        x.pow(2).mean(-1, keepdim=True) + (torch.finfo(x.dtype).eps if eps is None else eps)
    )
    return y if weight is None else y * weight


class Norm(nn.Module):
    """The ways in which RMSNorm is written: `kind` says which."""

    def __init__(self, kind: str, width: int):
        super().__init__()
        self.kind, self.eps = kind, 1e-6
        self.weight = nn.Parameter(1 + 0.1 * torch.randn(width))

    def forward(self, x: Tensor) -> Tensor:
        if self.kind == "functional":
            return rms(x)
        if self.kind == "module":
            return rms(x, self.weight, self.eps)
        if self.kind == "llama":  # Hugging Face's: in fp32, then the weight
            h = x.to(torch.float32)
            h = h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + self.eps)
            return self.weight * h.to(x.dtype)
        if self.kind == "division":
            return x / torch.sqrt(torch.mean(x * x, dim=-1, keepdim=True) + self.eps) * self.weight
        raise ValueError(self.kind)


def tables(time: int, width: int, device=None) -> tuple[Tensor, Tensor]:
    frequency = 1.0 / (10000 ** (torch.arange(0, width, 2, dtype=torch.float32) / width))
    angle = torch.outer(torch.arange(time, dtype=torch.float32), frequency)
    return angle.cos(), angle.sin()


def rotate_half(x: Tensor) -> Tensor:
    a, b = x[..., : x.shape[-1] // 2], x[..., x.shape[-1] // 2 :]
    return torch.cat((-b, a), dim=-1)


class Rotary(nn.Module):
    """x [B, H, T, h]. `challenge`: the baseline's sign; `llama`: rotate_half over doubled tables;
    `interleaved`: neighbours are pairs."""

    def __init__(self, kind: str, width: int, cached: bool):
        super().__init__()
        self.kind, self.cached, self.width = kind, cached, width
        frequency = 1.0 / (10000 ** (torch.arange(0, width, 2, dtype=torch.float32) / width))
        self.register_buffer("frequency", frequency, persistent=False)
        cos, sin = tables(64, width)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        time = x.size(-2)
        if self.cached:
            cos, sin = self.cos[:time], self.sin[:time]
        else:
            angle = torch.outer(
                torch.arange(time, device=x.device, dtype=self.frequency.dtype), self.frequency
            )
            cos, sin = angle.cos(), angle.sin()
        cos, sin = cos[None, None].to(x.dtype), sin[None, None].to(x.dtype)
        if self.kind == "challenge":
            half = x.size(-1) // 2
            x1, x2 = x[..., :half], x[..., half:]
            return torch.cat((x1 * cos + x2 * sin, x1 * (-sin) + x2 * cos), dim=-1)
        if self.kind == "llama":
            cos, sin = torch.cat((cos, cos), -1), torch.cat((sin, sin), -1)
            return x * cos + rotate_half(x) * sin
        if self.kind == "interleaved":
            a, b = x[..., 0::2], x[..., 1::2]
            return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2)
        raise ValueError(self.kind)


def repeat_heads(x: Tensor, times: int, kind: str) -> Tensor:
    if kind == "interleave":
        return x.repeat_interleave(times, dim=1)
    b, k, t, h = x.shape  # Hugging Face's repeat_kv
    return x[:, :, None, :, :].expand(b, k, times, t, h).reshape(b, k * times, t, h)


class Attention(nn.Module):
    def __init__(self, c: dict):
        super().__init__()
        self.c, self.h = c, DIM // HEADS
        self.kv = c.get("kv_heads", KV_HEADS)
        self.q = nn.Linear(DIM, DIM, bias=c.get("bias", False))
        self.k = nn.Linear(DIM, self.kv * self.h, bias=False)
        self.v = nn.Linear(DIM, self.kv * self.h, bias=False)
        self.o = nn.Linear(DIM, DIM, bias=False)
        self.gain = nn.Parameter(torch.full((HEADS,), 1.5))
        self.rotary = Rotary(c.get("rotary", "challenge"), self.h, c.get("cached", False))
        self.register_buffer("mask", torch.tril(torch.ones(64, 64))[None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        (b, t, _), kind = x.shape, self.c.get("attention", "sdpa_gqa")
        q = self.q(x).reshape(b, t, HEADS, self.h).transpose(1, 2)
        k = self.k(x).reshape(b, t, self.kv, self.h).transpose(1, 2)
        v = self.v(x).reshape(b, t, self.kv, self.h).transpose(1, 2)
        if self.c.get("qk_norm", True):
            q, k = rms(q), rms(k)
        q, k = self.rotary(q), self.rotary(k)
        q = q * self.gain.to(q.dtype)[None, :, None, None]
        if kind == "sdpa_gqa" and not DYNAMO:
            kind = "sdpa"
        if kind == "sdpa_gqa":
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=self.kv != HEADS)
        else:
            if self.kv != HEADS:
                k, v = (
                    repeat_heads(z, HEADS // self.kv, self.c.get("repeat", "interleave"))
                    for z in (k, v)
                )
            if kind == "sdpa":
                y = F.scaled_dot_product_attention(q, k, v, is_causal=self.c.get("causal", True))
            else:
                s = q @ k.transpose(-2, -1)
                s = s / math.sqrt(self.h) if kind != "manual_mul" else s * self.h**-0.5
                if "scores_cap" in self.c:
                    s = self.c["scores_cap"] * torch.tanh(s / self.c["scores_cap"])
                if kind == "manual":  # nanoGPT's
                    s = s.masked_fill(self.mask[:, :, :t, :t] == 0, float("-inf"))
                elif kind == "manual_mul":
                    s = s.masked_fill(torch.triu(torch.ones(t, t, dtype=torch.bool), 1), -1e9)
                elif kind == "manual_where":
                    s = torch.where(
                        torch.tril(torch.ones(t, t, dtype=torch.bool)), s, torch.finfo(s.dtype).min
                    )
                elif kind == "manual_add":
                    s = s + torch.full((t, t), float("-inf")).triu(1)
                elif kind == "window":
                    i = torch.arange(t)
                    s = s.masked_fill(
                        (i[:, None] < i[None]) | (i[:, None] - i[None] >= 8), float("-inf")
                    )
                y = F.softmax(s, dim=-1) @ v
        return self.o(y.transpose(1, 2).contiguous().reshape(b, t, DIM))


class Block(nn.Module):
    def __init__(self, c: dict):
        super().__init__()
        kind = c.get("norm", "functional")
        self.n1, self.n2 = Norm(kind, DIM), Norm(kind, DIM)
        self.attention = Attention(c)
        self.up, self.down = (
            nn.Linear(DIM, 3 * DIM, bias=False),
            nn.Linear(3 * DIM, DIM, bias=False),
        )
        self.scale = nn.Parameter(torch.ones(DIM))
        self.mix = nn.Parameter(torch.stack((torch.ones(DIM), torch.zeros(DIM))))

    def forward(self, x: Tensor, x0: Tensor) -> Tensor:
        x = self.mix[0][None, None] * x + self.mix[1][None, None] * x0
        x = x + self.scale[None, None] * self.attention(self.n1(x))
        return x + self.down(torch.relu(self.up(self.n2(x))).square())


class Model(nn.Module):
    """ids int64 [B, T] → logits fp32 [B, T, VOCAB], as the challenge's baseline: softcap 30."""

    def __init__(self, c: dict):
        super().__init__()
        self.c = c
        self.embed = nn.Embedding(VOCAB, DIM)
        self.blocks = nn.ModuleList(Block(c) for _ in range(LAYERS))
        self.norm = Norm(c.get("norm", "functional"), DIM)

    def forward(self, input_ids: Tensor) -> Tensor:
        x = x0 = rms(self.embed(input_ids))
        for block in self.blocks:
            x = block(x, x0)
        x = self.norm(x)
        if self.c.get("flat", False):
            x = x.reshape(-1, DIM)
        z = F.linear(x, self.embed.weight).float()
        z = 30.0 * torch.tanh(z / 30.0)
        return z.reshape(*input_ids.shape, VOCAB)


ARCHITECTURES = {
    "baseline": {},
    "llama": dict(
        norm="llama",
        rotary="llama",
        attention="manual_where",
        repeat="expand",
        qk_norm=False,
        cached=True,
    ),
    "nano": dict(norm="division", attention="manual", kv_heads=HEADS, cached=True),
    "interleaved": dict(norm="module", rotary="interleaved", attention="sdpa", flat=True),
    "triu": dict(
        norm="module", rotary="challenge", attention="manual_mul", repeat="expand", cached=True
    ),
    "added": dict(norm="llama", rotary="llama", attention="manual_add", bias=True),
    # These must keep their attention as it is.
    "bidirectional": dict(attention="sdpa", causal=False),
    "capped": dict(attention="manual", scores_cap=20.0),
    "window": dict(attention="window"),
}
EXPORTERS = {
    "script18": dict(dynamo=False, opset_version=18),
    "script14": dict(dynamo=False, opset_version=14),
    "dynamo18": dict(dynamo=True, opset_version=18),
    "dynamo23": dict(dynamo=True, opset_version=23),
}


def export(path: str, architecture: str, exporter: str) -> None:
    global DYNAMO
    DYNAMO = EXPORTERS[exporter]["dynamo"]
    torch.manual_seed(7)
    model = Model(ARCHITECTURES[architecture]).eval()
    for p in model.parameters():
        if p.dim() == 2 and p.shape[0] != 2:
            nn.init.normal_(p, std=0.2)
    options = dict(EXPORTERS[exporter])
    ids = torch.randint(0, VOCAB, (2, TIME))
    if options["dynamo"]:
        options.update(
            dynamic_shapes={
                "input_ids": {
                    0: torch.export.Dim("batch", max=512),
                    1: torch.export.Dim("time", min=2, max=64),
                }
            },
            external_data=False,
            verbose=False,
        )
    else:
        options.update(
            dynamic_axes={"input_ids": {0: "batch", 1: "time"}, "logits": {0: "batch", 1: "time"}}
        )
    torch.onnx.export(
        model, (ids,), path, input_names=["input_ids"], output_names=["logits"], **options
    )


def main(folder: str, *wanted: str) -> None:
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    for architecture in ARCHITECTURES:
        for exporter in EXPORTERS:
            name = f"{architecture}-{exporter}"
            if wanted and name not in wanted:
                continue
            try:
                with contextlib.redirect_stdout(sys.stderr):  # the older exporter prints its graphs
                    export(f"{folder}/{name}.onnx", architecture, exporter)
                print(json.dumps({"name": name, "error": None}), flush=True)
            except Exception as error:  # an exporter that cannot is a fact, not a failure
                print(
                    json.dumps(
                        {"name": name, "error": f"{type(error).__name__}: {str(error)[:300]}"}
                    ),
                    flush=True,
                )


if __name__ == "__main__":
    main(*sys.argv[1:])
