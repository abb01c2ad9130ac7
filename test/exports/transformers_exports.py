"""Exports of transformers' models: by PyTorch's exporters, by optimum, by ONNX Runtime GenAI's builder."""

import subprocess
import sys
import tempfile
from pathlib import Path

import families
from entry import TIME, entry

TORCH = ("torch", "onnx", "onnxscript", "transformers")
#: optimum-onnx 0.1 asks for transformers below 4.58, the builder of GenAI 0.18 for 5.
OPTIMUM = ("torch", "onnx", "optimum.exporters.onnx", "transformers<5")
BUILDER = ("torch", "onnx", "onnxruntime_genai", "onnx_ir", "transformers>=5")


def wrapper(family: str, attention: str | None):
    """Ids, mask and positions → logits: what people write around a model of transformers."""
    import torch

    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = families.model(family, attention)

        def forward(self, input_ids, attention_mask=None, position_ids=None):
            given = {"attention_mask": attention_mask, "position_ids": position_ids}
            given = {name: value for name, value in given.items() if value is not None}
            return self.model(input_ids=input_ids, use_cache=False, **given).logits

    return Logits()


def by_torch(folder: Path, family: str, names: tuple[str, ...], dynamo: bool, open_axes=True):
    import torch

    rows = 2
    ids = torch.arange(rows * TIME).reshape(rows, TIME) % 260
    values = {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "position_ids": torch.arange(TIME).expand(rows, TIME).contiguous(),
    }
    options = {}
    if dynamo and open_axes:
        axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("time", max=64)}
        options["dynamic_shapes"] = {name: axes for name in names}
    elif open_axes:
        axes = {0: "batch", 1: "time"}
        options["dynamic_axes"] = {name: axes for name in (*names, "logits")}
    torch.onnx.export(
        wrapper(family, None if dynamo else "eager"),
        (),
        str(folder / "model.onnx"),
        kwargs={name: values[name] for name in names},
        input_names=list(names),
        output_names=["logits"],
        dynamo=dynamo,
        **({"verbose": False} if dynamo else {"opset_version": 17}),
        **options,
    )


IDS, MASK, ALL = (
    ("input_ids",),
    ("input_ids", "attention_mask"),
    ("input_ids", "attention_mask", "position_ids"),
)
for family, names, dynamo in [
    ("gpt2", ALL, True),
    ("llama", MASK, True),
    ("llama", ALL, True),
    ("qwen3", ALL, True),
    ("gemma", MASK, True),
    ("mamba", IDS, True),
    ("lfm2", IDS, True),
    ("gpt2", ALL, False),
    ("llama", MASK, False),
    ("qwen2", ALL, False),
    ("mistral", MASK, False),
    ("phi", ALL, False),
    ("gpt_neox", MASK, False),
    ("opt", MASK, False),
    ("bloom", MASK, False),
]:

    def make(folder, family=family, names=names, dynamo=dynamo):
        by_torch(folder, family, names, dynamo)

    kind = {IDS: "ids", MASK: "mask", ALL: "positions"}[names]
    # The masks of transformers 4.57 are too much for the older exporter of PyTorch 2.11.
    needs = TORCH if dynamo else (*TORCH, "transformers>=5")
    entry(f"{family}-{'dynamo' if dynamo else 'script'}-{kind}", *needs)(make)


@entry("llama-dynamo-fixed", *TORCH)
def _(folder):  # every axis that of the example
    by_torch(folder, "llama", MASK, dynamo=True, open_axes=False)


def by_optimum(folder: Path, family: str, task: str, **options):
    from optimum.exporters.onnx import main_export

    with tempfile.TemporaryDirectory() as checkpoint:
        families.checkpoint(family, Path(checkpoint))
        main_export(checkpoint, folder, task=task, do_validation=False, **options)


for family, past in [
    ("gpt2", False),
    ("gpt2", True),
    ("gptj", True),
    ("gpt_neo", True),
    ("llama", False),
    ("llama", True),
    ("qwen2", True),
    ("qwen3", False),
    ("qwen3", True),
    ("mistral", True),
    ("gemma", True),
    ("gemma2", True),
    ("olmo2", True),
    ("phi", True),
    ("phi3", True),
    ("stablelm", True),
    ("granite", True),
    ("gpt_neox", True),
    ("opt", True),
    ("bloom", True),
    ("falcon", True),
    ("mpt", True),
]:

    def make(folder, family=family, past=past):
        by_optimum(folder, family, "text-generation" + ("-with-past" if past else ""))

    entry(f"{family}-optimum" + ("-past" if past else ""), *OPTIMUM)(make)


@entry("gpt2-optimum-merged", *OPTIMUM)
def _(folder):
    """One graph of two branches and `use_cache_branch`, as transformers.js loads: optimum's own merge of
    the graphs without and with a past."""
    from optimum.exporters.onnx import export
    from optimum.exporters.onnx.model_configs import GPT2OnnxConfig
    from optimum.onnx.graph_transformations import merge_decoders

    import onnx

    model, parts = families.model("gpt2"), []
    with tempfile.TemporaryDirectory() as temporary:
        for past in (False, True):
            shape = {"use_past": True, "use_past_in_inputs": past}
            config = GPT2OnnxConfig(model.config, task="text-generation", **shape)
            path = Path(temporary) / f"{past}.onnx"
            export(model, config, path)
            parts.append(onnx.load(path))
    merge_decoders(*parts, strict=False, save_path=folder / "model.onnx")


@entry("llama-optimum-float16", *OPTIMUM)
def _(folder):
    by_optimum(folder, "llama", "text-generation", dtype="fp16")


@entry("llama-optimum-no-dynamic-axes", *OPTIMUM)
def _(folder):
    by_optimum(folder, "llama", "text-generation", no_dynamic_axes=True, sequence_length=TIME)


@entry("gpt2-optimum-O2", *OPTIMUM)
def _(folder):  # ONNX Runtime's transformer optimizer: fused Attention with a past
    by_optimum(folder, "gpt2", "text-generation-with-past", optimize="O2")


def by_builder(folder: Path, family: str, precision: str, extra: tuple[str, ...]):
    with tempfile.TemporaryDirectory() as checkpoint, tempfile.TemporaryDirectory() as cache:
        families.checkpoint(family, Path(checkpoint))
        command = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-e", "cpu"]
        command += ["-i", checkpoint, "-o", str(folder), "-c", cache, "-p", precision]
        if extra:
            command += ["--extra_options", *extra]
        run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(run.stderr.strip()[-400:])


for family, precision, extra in [
    ("llama", "fp32", ()),
    ("qwen2", "fp32", ()),
    ("qwen3", "fp32", ()),
    ("mistral", "fp32", ()),
    ("gemma", "fp32", ()),
    ("phi3", "fp32", ()),
    ("olmo2", "fp32", ()),
    ("lfm2", "fp32", ()),
    ("llama", "int4", ()),
    ("qwen3", "int4", ("int4_accuracy_level=4",)),
]:

    def make(folder, family=family, precision=precision, extra=extra):
        by_builder(folder, family, precision, extra)

    entry(f"{family}-builder-{precision}", *BUILDER)(make)
