"""Compares bench/gpu/onnx_initializers.py with the onnx package on artifacts.

Usage: onnx_initializers.py MODEL.onnx.xz …; prints how many initializers were equal.
"""

import lzma
import sys
from pathlib import Path

import numpy as np

import onnx
from onnx import numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "gpu"))
import onnx_initializers  # noqa: E402

equal = 0
for path in sys.argv[1:]:
    data = lzma.decompress(Path(path).read_bytes())
    model = onnx.load_from_string(data)
    metadata, arrays = onnx_initializers.read(data)
    assert metadata == {p.key: p.value for p in model.metadata_props}
    assert set(arrays) == {i.name for i in model.graph.initializer}
    for initializer in model.graph.initializer:
        expected = numpy_helper.to_array(initializer)
        found = arrays[initializer.name]
        assert found.dtype == expected.dtype and np.array_equal(found, expected), initializer.name
        equal += 1
print(equal)
