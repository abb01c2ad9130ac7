"""What tools make of exports: quantizers, optimizers and converters of ONNX Runtime and of onnx."""

from pathlib import Path

import torch_exports
from entry import TIME, entry

TORCH = ("torch", "onnx", "onnxscript")
RUNTIME = (*TORCH, "onnxruntime", "onnx_ir")


def exported(folder: Path, dynamo: bool = False):
    """The open export of a small model, all in one file: what the tools are given."""
    options = {"external_data": False, **torch_exports.open_shapes()} if dynamo else {}
    options |= {} if dynamo else torch_exports.OPEN_AXES
    torch_exports.export(
        folder, torch_exports.gpt(), dynamo=dynamo, **torch_exports.NAMES, **options
    )
    return folder / "model.onnx"


@entry("dynamic-quantized", *RUNTIME, outcome="refused|withheld", says="DynamicQuantizeLinear")
def _(folder):
    from onnxruntime.quantization import QuantType, quantize_dynamic

    source = exported(folder).rename(folder / "float.onnx")
    quantize_dynamic(str(source), str(folder / "model.onnx"), weight_type=QuantType.QInt8)


def calibrated(folder: Path, **options):
    import numpy
    from onnxruntime.quantization import CalibrationDataReader, quantize_static

    class Rows(CalibrationDataReader):
        def __init__(self):
            random = numpy.random.default_rng(3)
            rows = [random.integers(4, 260, (2, TIME)) for _ in range(4)]
            self.rows = iter([{"input_ids": row} for row in rows])

        def get_next(self):
            return next(self.rows, None)

    source = exported(folder).rename(folder / "float.onnx")
    quantize_static(str(source), str(folder / "model.onnx"), Rows(), **options)


@entry("static-qdq", *RUNTIME)
def _(folder):
    from onnxruntime.quantization import QuantFormat

    calibrated(folder, quant_format=QuantFormat.QDQ)


@entry("static-qdq-per-channel", *RUNTIME)
def _(folder):
    from onnxruntime.quantization import QuantFormat, QuantType

    calibrated(folder, quant_format=QuantFormat.QDQ, per_channel=True, weight_type=QuantType.QInt8)


@entry("static-qdq-uint16", *RUNTIME)
def _(folder):
    from onnxruntime.quantization import QuantFormat, QuantType

    calibrated(
        folder,
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt16,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul"],
    )


@entry("static-operators", *RUNTIME)
def _(folder):
    from onnxruntime.quantization import QuantFormat

    calibrated(folder, quant_format=QuantFormat.QOperator, op_types_to_quantize=["MatMul"])


@entry("weights-qdq", *RUNTIME)
def _(folder):
    """int8 weights behind DequantizeLinear, one scale a column: what the challenge's records need."""
    import numpy

    import onnx
    from onnx import helper, numpy_helper

    source = exported(folder)
    model = onnx.load(source)
    graph, nodes = model.graph, []
    wide = {node.input[1] for node in graph.node if node.op_type == "MatMul"}
    for tensor in list(graph.initializer):
        if tensor.name not in wide:
            continue
        values = numpy_helper.to_array(tensor)
        scale = (abs(values).max(0) / 127).astype(numpy.float32)
        levels = numpy.round(values / scale).astype(numpy.int8)
        graph.initializer.remove(tensor)
        for name, array in {"levels": levels, "scale": scale}.items():
            graph.initializer.append(numpy_helper.from_array(array, f"{tensor.name}_{name}"))
        inputs = [f"{tensor.name}_levels", f"{tensor.name}_scale"]
        nodes.append(helper.make_node("DequantizeLinear", inputs, [tensor.name], axis=1))
    assert nodes
    for node in reversed(nodes):
        graph.node.insert(0, node)
    onnx.checker.check_model(model)
    onnx.save(model, source)


def four_bits(folder: Path, bits: int = 4, accuracy: int | None = None, qdq: bool = False):
    from onnxruntime.quantization import QuantFormat
    from onnxruntime.quantization.matmul_nbits_quantizer import (
        DefaultWeightOnlyQuantConfig,
        MatMulNBitsQuantizer,
    )

    import onnx

    form = QuantFormat.QDQ if qdq else QuantFormat.QOperator
    config = DefaultWeightOnlyQuantConfig(
        block_size=16, is_symmetric=True, accuracy_level=accuracy, bits=bits, quant_format=form
    )
    source = exported(folder)
    quantizer = MatMulNBitsQuantizer(onnx.load(source), algo_config=config)
    quantizer.process()
    quantizer.model.save_model_to_file(str(source), use_external_data_format=False)


@entry("matmul-4bits", *RUNTIME)
def _(folder):
    four_bits(folder)


@entry("matmul-8bits", *RUNTIME)
def _(folder):
    four_bits(folder, bits=8)


@entry("matmul-4bits-level4", *RUNTIME)
def _(folder):  # products of int8 activations
    four_bits(folder, accuracy=4)


@entry("matmul-4bits-qdq", *RUNTIME)
def _(folder):
    four_bits(folder, qdq=True)


@entry("converter-float16", *TORCH, "onnxconverter_common")
def _(folder):
    from onnxconverter_common import float16

    import onnx

    source = exported(folder)
    onnx.save(float16.convert_float_to_float16(onnx.load(source)), source)


@entry("converter-float16-kept-io", *TORCH, "onnxconverter_common")
def _(folder):
    from onnxconverter_common import float16

    import onnx

    source = exported(folder)
    onnx.save(float16.convert_float_to_float16(onnx.load(source), keep_io_types=True), source)


@entry("runtime-float16", *RUNTIME)
def _(folder):
    from onnxruntime.transformers.float16 import convert_float_to_float16

    import onnx

    source = exported(folder)
    onnx.save(convert_float_to_float16(onnx.load(source), keep_io_types=True), source)


@entry("runtime-float16-dynamo", *RUNTIME)
def _(folder):
    from onnxruntime.transformers.float16 import convert_float_to_float16

    import onnx

    source = exported(folder, dynamo=True)
    onnx.save(convert_float_to_float16(onnx.load(source)), source)


@entry("runtime-optimized", *RUNTIME)
def _(folder):  # the session's own optimizer at the level whose operators any CPU has
    import onnxruntime

    source = exported(folder).rename(folder / "plain.onnx")
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(folder / "model.onnx")
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])


@entry("transformers-optimizer", *RUNTIME)
def _(folder):
    from onnxruntime.transformers.optimizer import optimize_model

    source = exported(folder).rename(folder / "plain.onnx")
    made = optimize_model(str(source), model_type="gpt2", num_heads=4, hidden_size=32)
    made.save_model_to_file(str(folder / "model.onnx"))


@entry("external-one-file-each", *TORCH)
def _(folder):  # as onnx.save writes large models where each weight gets a file
    import onnx

    source = exported(folder)
    options = {"all_tensors_to_one_file": False, "size_threshold": 0}
    onnx.save(onnx.load(source), source, save_as_external_data=True, **options)


@entry("newest-ir", *TORCH)
def _(folder):  # the default of onnx.helper.make_model of onnx 1.23
    import onnx

    source = exported(folder)
    model = onnx.load(source)
    source.rename(folder / "referee.onnx")  # the runtime of the referee does not load what is newer
    model.ir_version = 14
    onnx.save(model, source)


@entry("newest-opset", *TORCH)
def _(folder):
    import onnx

    source = exported(folder, dynamo=True)
    model = onnx.load(source)
    source.rename(folder / "referee.onnx")  # the runtime of the referee does not load what is newer
    model.ir_version = 14
    model.opset_import[0].version = 27
    onnx.save(model, source)
