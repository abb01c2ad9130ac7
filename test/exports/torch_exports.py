"""Exports of plain PyTorch models, by both of PyTorch's exporters, in the ways people call them."""

from pathlib import Path

from entry import TIME, entry

NEEDS = ("torch", "onnx", "onnxscript")
NAMES = {"input_names": ["input_ids"], "output_names": ["logits"]}
OPEN_AXES = {"dynamic_axes": {"input_ids": {0: "batch", 1: "time"}, "logits": {0: "batch"}}}


def export(folder: Path, model, dynamo: bool, rows: int = 2, dtype=None, inputs=None, **options):
    import torch

    torch.set_num_threads(1)
    ids = torch.arange(rows * TIME, dtype=dtype or torch.int64).reshape(rows, TIME) % 260
    if dynamo:
        options.setdefault("verbose", False)
    torch.onnx.export(model, inputs or (ids,), str(folder / "model.onnx"), dynamo=dynamo, **options)


def gpt(vocab: int = 260):
    import tiny

    return tiny.seeded(tiny.Gpt(vocab))


def open_shapes(name: str = "ids"):
    import torch

    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("time", max=64)}
    return {"dynamic_shapes": {name: axes}}


def wrapped(kind: str):
    import tiny

    return tiny.Wrapped(gpt(), kind)


@entry("dynamo-default", *NEEDS)
def _(folder):  # no names, the example's shape fixed, weights in model.onnx.data
    export(folder, gpt(), dynamo=True)


@entry("dynamo-named-open", *NEEDS)
def _(folder):
    export(folder, gpt(), dynamo=True, **NAMES, **open_shapes())


@entry("dynamo-inline", *NEEDS)
def _(folder):
    export(folder, gpt(), dynamo=True, external_data=False, **NAMES)


@entry("dynamo-one-row", *NEEDS)
def _(folder):  # the example's batch of one
    export(folder, gpt(), dynamo=True, rows=1, **NAMES)


@entry("dynamo-opset23", *NEEDS)
def _(folder):
    export(folder, gpt(), dynamo=True, opset_version=23, **NAMES, **open_shapes())


@entry("dynamo-eight-rows", *NEEDS)
def _(folder):
    export(folder, gpt(), dynamo=True, rows=8, external_data=False, **NAMES)


@entry("dynamo-int32", *NEEDS)
def _(folder):
    import torch

    export(folder, gpt(), dynamo=True, dtype=torch.int32, **NAMES, **open_shapes())


@entry("dynamo-gru", *NEEDS)
def _(folder):
    import tiny

    export(folder, tiny.seeded(tiny.Recurrent()), dynamo=True, external_data=False, **NAMES)


@entry("dynamo-convolution", *NEEDS)
def _(folder):
    import tiny

    export(folder, tiny.seeded(tiny.Convolution(TIME), 0.5), dynamo=True, **NAMES)


@entry("dynamo-fft", *NEEDS)
def _(folder):
    import tiny

    model = tiny.seeded(tiny.FourierConvolution(), 0.5)
    export(folder, model, dynamo=True, **NAMES, **open_shapes())


@entry("dynamo-float16", *NEEDS)
def _(folder):
    export(folder, gpt().half(), dynamo=True, **NAMES, **open_shapes())


@entry("dynamo-float16-fp32-logits", *NEEDS)
def _(folder):
    import tiny

    model = tiny.Wrapped(gpt().half(), "fp32")
    export(folder, model, dynamo=True, **NAMES, **open_shapes())


@entry("dynamo-float64", *NEEDS)
def _(folder):  # ReLU, for the runtime has no Erf of doubles
    import tiny
    import torch

    model = tiny.seeded(tiny.Gpt(activation=torch.relu)).double()
    export(folder, model, dynamo=True, **NAMES, **open_shapes())


@entry("dynamo-bfloat16", *NEEDS, outcome="refused", says="bf16")
def _(folder):
    export(folder, gpt().bfloat16(), dynamo=True, **NAMES, **open_shapes())


@entry("script-default", *NEEDS)
def _(folder):  # no names, the example's shape fixed
    export(folder, gpt(), dynamo=False)


@entry("script-named-open", *NEEDS)
def _(folder):
    export(folder, gpt(), dynamo=False, **NAMES, **OPEN_AXES)


@entry("script-open-batch", *NEEDS)
def _(folder):
    export(folder, gpt(), dynamo=False, **NAMES, dynamic_axes={"input_ids": {0: "batch"}})


@entry("script-eight-rows", *NEEDS)
def _(folder):
    export(folder, gpt(), dynamo=False, rows=8, **NAMES)


@entry("script-opset11", *NEEDS)
def _(folder):
    export(folder, gpt(), dynamo=False, opset_version=11, **NAMES, **OPEN_AXES)


@entry("script-gru", *NEEDS)
def _(folder):
    import tiny

    export(folder, tiny.seeded(tiny.Recurrent()), dynamo=False, **NAMES, **OPEN_AXES)


@entry("script-wider-vocabulary", *NEEDS)
def _(folder):  # ids of padding, to a multiple of 64
    export(folder, gpt(320), dynamo=False, **NAMES, **OPEN_AXES)


@entry("script-flat", *NEEDS)
def _(folder):  # logits [batch · time, V]
    axes = {"dynamic_axes": {**OPEN_AXES["dynamic_axes"], "logits": {0: "rows"}}}
    export(folder, wrapped("flat"), dynamo=False, **NAMES, **axes)


@entry("script-row", *NEEDS)
def _(folder):  # [time] → [time, V]
    import tiny
    import torch

    ids = (torch.arange(TIME),)
    export(folder, tiny.Row(gpt()), dynamo=False, inputs=ids, **NAMES)


@entry(
    "script-probabilities",
    *NEEDS,
    outcome="withheld",
    says="probabilities",
    instead=("--logits-are", "probabilities"),
    gives="probabilities",
)
def _(folder):
    export(folder, wrapped("probabilities"), dynamo=False, **NAMES, **OPEN_AXES)


@entry("script-log-probabilities", *NEEDS)
def _(folder):  # the softmax of log-probabilities is that of the logits
    export(folder, wrapped("log-probabilities"), dynamo=False, **NAMES, **OPEN_AXES)


@entry("script-last", *NEEDS, outcome="refused", says="last position")
def _(folder):
    export(folder, wrapped("last"), dynamo=False, **NAMES, **OPEN_AXES)


@entry("script-last-flat", *NEEDS, outcome="refused", says="last position|logits of every position")
def _(folder):
    export(folder, wrapped("last-flat"), dynamo=False, **NAMES, **OPEN_AXES)


@entry("script-loss", *NEEDS, outcome="refused", says="loss")
def _(folder):
    import tiny
    import torch

    ids = torch.arange(2 * TIME).reshape(2, TIME) % 260
    names = {"input_names": ["input_ids", "targets"], "output_names": ["loss"]}
    export(folder, tiny.Loss(gpt()), dynamo=False, inputs=(ids, ids), **names)
