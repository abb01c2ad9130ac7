"""A causal language model in fp16: a legacy export, converted by ONNX Runtime's float16 tool.

    python half-export.py OUT.onnx

The attention weights are cast to the type of the values, as GPT-Neo does, which is a cast of fp16 to
fp16 after the conversion. ONNX Runtime's CPU provider loads it with graph optimization only.
"""

import sys
import warnings

import torch
from onnxruntime.transformers.float16 import convert_float_to_float16

import onnx

warnings.filterwarnings("ignore")
VOCABULARY, WIDTH, LENGTH = 260, 16, 64


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(VOCABULARY, WIDTH)
        self.qkv = torch.nn.Linear(WIDTH, 3 * WIDTH)
        self.head = torch.nn.Linear(WIDTH, VOCABULARY)
        mask = torch.tril(torch.ones(LENGTH, LENGTH, dtype=torch.bool))
        self.register_buffer("mask", mask)

    def forward(self, input_ids):
        x = self.embedding(input_ids)
        query, key, value = self.qkv(x).split(WIDTH, dim=-1)
        scores = query.to(torch.float32) @ key.to(torch.float32).transpose(-1, -2)
        time = input_ids.shape[1]
        scores = torch.where(self.mask[:time, :time], scores, torch.tensor(-1e4))
        weights = torch.softmax(scores, dim=-1).to(value.dtype)
        return self.head(x + weights @ value)


torch.manual_seed(0)
path = sys.argv[1]
axes = {0: "batch", 1: "time"}
torch.onnx.export(
    Model().eval(),
    (torch.zeros(2, 16, dtype=torch.long),),
    path,
    dynamo=False,
    opset_version=17,
    input_names=["input_ids"],
    output_names=["logits"],
    dynamic_axes={"input_ids": axes, "logits": axes},
)
onnx.save(convert_float_to_float16(onnx.load(path), keep_io_types=True), path)
