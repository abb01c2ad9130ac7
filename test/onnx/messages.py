"""Reference reader of ONNX files: the onnx package's own parse, as plain JSON.

Input: {"models": [base64, ...]}. Output: {"schema": {...}, "models": [tree or null, ...]}; null where
the package refuses a file.
"""

import base64
import json
import math
import sys

from google.protobuf.message import DecodeError

from onnx import ModelProto

KINDS = {1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 9: "string", 12: "bytes"}
ENUM, MESSAGE = 14, 11


def is_repeated(field):
    return field.is_repeated if hasattr(field, "is_repeated") else field.label == 3


def scalar(value):
    if isinstance(value, str):
        return value.encode().hex()
    if isinstance(value, bytes):
        return value.hex()
    value = float(value)
    return value if math.isfinite(value) else str(value)


def tree(message):
    fields = {}
    for descriptor, value in message.ListFields():
        convert = tree if descriptor.type == MESSAGE else scalar
        if is_repeated(descriptor):
            fields[descriptor.name] = [convert(each) for each in value]
        else:
            fields[descriptor.name] = convert(value)
    return fields


def schema_of(descriptor, found):
    name = descriptor.full_name.removeprefix("onnx.")
    if name in found:
        return
    found[name] = {}
    for field in descriptor.fields:
        if field.type == MESSAGE:
            kind = field.message_type.full_name.removeprefix("onnx.")
            schema_of(field.message_type, found)
        else:
            kind = "int32" if field.type == ENUM else KINDS[field.type]
        choice = field.containing_oneof.name if field.containing_oneof else None
        values = len(field.enum_type.values) if field.type == ENUM else None
        found[name][field.name] = [field.number, kind, is_repeated(field), choice, values]


def parsed(data):
    model = ModelProto()
    try:
        model.ParseFromString(data)
        return tree(model)
    except (DecodeError, UnicodeDecodeError):
        return None


schema = {}
schema_of(ModelProto.DESCRIPTOR, schema)
models = [parsed(base64.b64decode(each)) for each in json.load(sys.stdin)["models"]]
json.dump({"schema": schema, "models": models}, sys.stdout)
