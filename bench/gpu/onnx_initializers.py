"""Reads initializers and metadata out of an ONNX file with numpy alone: a rented machine has PyTorch,
and not always the onnx package. Only what models/train exports is understood: raw data of four types."""

from collections.abc import Iterator

import numpy as np

# TensorProto.DataType
TYPES = {1: np.float32, 3: np.int8, 6: np.int32, 7: np.int64}


def varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of a protobuf message; a fixed number's bytes, as they are not looked at."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = varint(data, at)
            yield number, value
            continue
        if wire not in (1, 2, 5):
            raise ValueError(f"wire type {wire} in field {number}: no ONNX file")
        size, at = varint(data, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
        yield number, data[at : at + size]
        at += size


def dims_of(value: int | memoryview) -> list[int]:
    """Of a repeated int64: one number, or several packed."""
    if isinstance(value, int):
        return [value]
    numbers, at = [], 0
    while at < len(value):
        number, at = varint(value, at)
        numbers.append(number)
    return numbers


def tensor(data: memoryview) -> tuple[str, np.ndarray]:
    dims, kind, name, raw = [], 0, "", None
    for number, value in fields(data):
        if number == 1:
            dims += dims_of(value)
        elif number == 2:
            kind = value
        elif number == 8:
            name = bytes(value).decode()
        elif number == 9:
            raw = value
    if kind not in TYPES or raw is None:
        raise ValueError(
            f"initializer {name}: type {kind} {'without' if raw is None else 'with'} raw data, "
            f"expected raw data of one of the types {sorted(TYPES)}"
        )
    return name, np.frombuffer(raw, TYPES[kind]).reshape(dims).copy()  # one that can be written to


def read(data: bytes) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Metadata by key and initializers by name of a serialized ModelProto."""
    metadata, initializers = {}, {}
    for number, value in fields(memoryview(data)):
        if number == 14:
            entry = dict(fields(value))
            metadata[bytes(entry[1]).decode()] = bytes(entry[2]).decode()
        elif number == 7:
            initializers |= dict(tensor(item) for key, item in fields(value) if key == 5)
    return metadata, initializers
