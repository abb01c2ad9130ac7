"""What Python's onnxruntime makes of exports, each input fed by hand: the figure `bpb score` must have.

    python test/exports/referee.py DIR NAME …     one JSON line each: name, bpb, bpb64, targets

Settings are those of the harness: disable_quant_qdq 1, qdq_matmulnbits_accuracy_level 0, every optimization.
Chunk windows of TIME tokens, the tail dropped; nats in float64, exactly summed. Rows are fed in the batch that the
graph fixes, else all at once.
"""

import json
import math
import struct
import sys
from pathlib import Path

import numpy
import onnxruntime
from entry import TIME

FIRST_BYTE = 4
TYPES = {
    "tensor(float)": numpy.float32,
    "tensor(float16)": numpy.float16,
    "tensor(double)": numpy.float64,
    "tensor(int64)": numpy.int64,
    "tensor(int32)": numpy.int32,
    "tensor(bool)": numpy.bool_,
}


def read_shard(path: Path) -> numpy.ndarray:
    raw = path.read_bytes()
    count = struct.unpack("<3i", raw[:12])[2]
    return numpy.frombuffer(raw, numpy.uint16, count, 1024).astype(numpy.int64)


def others(inputs, tokens, ids: numpy.ndarray, head_size: int) -> dict:
    """Values of all inputs but the tokens, by what their names say; `head_size` where a past leaves it open."""
    rows, time = ids.shape
    feeds = {}
    for port in inputs:
        name, kind = port.name, TYPES[port.type]
        sizes = [
            size if isinstance(size, int) else None for size in port.shape
        ]  # None where it is open
        if port is tokens:
            continue
        if name.startswith(("past", "present")) and "length" not in name:
            # An open axis after the first is the past; fixed axes stay, a state is zero.
            shape = [rows, *(0 if size is None else size for size in sizes[1:])]
            if port.shape[-1] == "kv_cache_dim":
                shape[-1] = head_size
            feeds[name] = numpy.zeros(shape, kind)
        elif "mask" in name:
            feeds[name] = numpy.ones((rows, time), kind)
        elif "position" in name:
            feeds[name] = numpy.broadcast_to(numpy.arange(time), (rows, time)).astype(kind)
        elif "type" in name:
            feeds[name] = numpy.zeros((rows, time), kind)
        elif name == "use_cache_branch":
            feeds[name] = numpy.zeros([1], kind)
        elif name == "seqlens_k":
            shape = [rows] + [1] * (len(sizes) - 1)
            feeds[name] = numpy.full(shape, time - 1, kind)
        elif name in ("total_sequence_length", "total_seq_len"):
            feeds[name] = numpy.full([1] * len(sizes), time, kind)
        elif name == "past_seq_len":
            feeds[name] = numpy.zeros([rows] + [1] * (len(sizes) - 1), kind)
        else:
            raise ValueError(f"{name} {port.type} {port.shape}: no rule")
    return feeds


def log_probabilities(output: numpy.ndarray, gives: str) -> numpy.ndarray:
    x = output.astype(numpy.float64)
    if gives == "probabilities":
        return numpy.log(x)
    x = x - x.max(-1, keepdims=True)
    return x - numpy.log(numpy.exp(x).sum(-1, keepdims=True))


def session_of(path: Path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def score(folder: Path, name: str) -> dict:
    facts = json.loads((folder / name / "entry.json").read_text())
    path = folder / name / "model.onnx"
    same = path.with_name("referee.onnx")  # the same model in a form that Python's runtime loads
    session = session_of(same if same.exists() else path)
    inputs = session.get_inputs()
    tokens = next((p for p in inputs if p.name in ("input_ids", "ids", "input")), inputs[0])
    output = next(
        (o for o in session.get_outputs() if o.name == "logits"), session.get_outputs()[0]
    )
    stream = read_shard(folder / "val" / "fineweb_val_000000.bin")
    usable = (len(stream) - 1) // TIME * TIME
    x, y = stream[:usable].reshape(-1, TIME), stream[1 : usable + 1].reshape(-1, TIME)
    batch = len(x)
    if len(tokens.shape) == 1:
        batch = 1
    elif isinstance(tokens.shape[0], int):
        batch = tokens.shape[0]
    settings = path.with_name("genai_config.json")
    head_size = 0
    if settings.exists():
        head_size = json.loads(settings.read_text())["model"]["decoder"]["head_size"]
    nats = []
    for start in range(0, len(x), batch):
        rows = x[start : start + batch]
        ids = numpy.zeros((batch, TIME), numpy.int64)
        ids[: len(rows)] = rows
        feeds = {tokens.name: ids.reshape(-1) if len(tokens.shape) == 1 else ids}
        feeds = {key: v.astype(TYPES[tokens.type]) for key, v in feeds.items()}
        feeds |= others(inputs, tokens, ids, head_size)
        logits = session.run([output.name], feeds)[0]
        logits = logits.reshape(batch, TIME, logits.shape[-1])
        table = log_probabilities(logits, facts["gives"])[: len(rows)]
        targets = y[start : start + batch]
        nats += (-numpy.take_along_axis(table, targets[..., None], -1)).ravel().tolist()
    size = int((y >= FIRST_BYTE).sum())
    bpb = math.fsum(nats) / math.log(2) / size
    return {"name": name, "bpb": bpb, "targets": len(nats), "bytes": size}


def main(folder: str, *names: str) -> None:
    for name in names:
        try:
            print(json.dumps(score(Path(folder), name)), flush=True)
        except Exception as error:
            print(
                json.dumps({"name": name, "error": f"{type(error).__name__}: {error}"}), flush=True
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
