"""The artifact folder of one procedure, and its reference.json: PyTorch's own score-first loop on the
held-out documents, the same without adaptation, and how far ONNX Runtime's run of the files is from it.
"""

import io
import json
import lzma
import math
import shutil
import tarfile
from datetime import datetime, timezone
from pathlib import Path
from types import ModuleType

import numpy as np
import onnxruntime as ort
import shared
import torch
from loop import Procedure, documents, nats

import export
import lut
import quantize
import reference
import sotu
import tokenizer
import weights
from fit import new
from model import arrays, tensors

HERE = Path(__file__).resolve().parent
CHECKED = 3  # documents that ONNX Runtime scores too, side by side


def read(checkpoint: Path, config: type) -> tuple:
    """The configuration and the int8 weights."""
    saved = torch.load(checkpoint, weights_only=True)
    return config(**saved["config"]), quantize.quantize(arrays(saved["model"]))


def kept(kind: ModuleType) -> tuple:
    """The same, out of the shipped artifacts: the graph of sotu-attention-lora names the base's weights as
    PyTorch does, and so does that of sotu-recurrent, which has the gates transposed."""
    source = {"base": "sotu-attention-lora", "recurrent": "sotu-recurrent"}[kind.MODEL]
    _, arrays = weights.stored(shared.MODELS / source / "model.onnx.xz")
    model = new(kind.MODEL)
    turned = {name: array.T if name.endswith(".gate") else array for name, array in arrays.items()}
    known = {**turned, **weights.matrices(arrays)}
    return model.c, {name: known[name] for name in model.state_dict()}


def sources() -> bytes:
    """A tar of both recipes, the same bytes on every machine: sorted, no times, no owners."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(path for folder in (shared.TRAIN, HERE)
                           for path in [*folder.glob("*.py"), folder / "requirements.txt"]):
            info = tarfile.TarInfo(f"train/{path.relative_to(shared.TRAIN)}")
            data = path.read_bytes()
            info.size, info.mode, info.mtime = len(data), 0o644, 0
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def write(kind: ModuleType, c, quantized: dict, pieces: Path) -> Path:
    folder = shared.MODELS / kind.NAME
    folder.mkdir(parents=True, exist_ok=True)
    own = kind.manifest(c)
    state = own["state"]
    manifest = {
        "format": "bpb-artifact/1", "name": kind.NAME, "model": {"path": "model.onnx.xz"}, **own,
        "tokenizer": {"kind": "sentencepiece", "path": "tokenizer.model"},
        "evaluation": {"window": "document", "seqLen": state.get("context", 0) + state["chunk"], "data": "sotu-val"},
        "counted": [],
    }
    files = {"model.onnx.xz": export.compress(kind.score_graph(c, quantized))}
    if "adapt" in own:
        files["adapt.onnx.xz"] = export.compress(kind.adapt_graph(c, quantized))
    first = kind.init(c)
    for tensor in state["tensors"]:
        if tensor["init"] != "zeros":
            files[tensor["init"]["path"]] = first[tensor["name"]].astype("<f4").tobytes()
    files["recipe.tar.xz"] = export.compress(sources())
    for name, data in files.items():
        (folder / name).write_bytes(data)
    manifest["counted"] = list(files)
    (folder / "artifact.json").write_text(json.dumps(manifest, indent=2) + "\n")
    if pieces.resolve() != (folder / "tokenizer.model").resolve():
        shutil.copyfile(pieces, folder / "tokenizer.model")
    print(f"{folder.name}: {sum(map(len, files.values()))} bytes counted")
    return folder


def in_torch(kind: ModuleType, c, quantized: dict, **options) -> Procedure:
    """PyTorch's side, in fp32, of the weights as dequantized."""
    score, adapt = kind.torch_procedure(c, tensors(quantize.dequantize(quantized)), **options)
    first = {name: torch.from_numpy(value) for name, value in kind.init(c).items()}
    return Procedure(score, adapt, first, kind.manifest(c)["state"].get("context", 0))


def in_onnxruntime(folder: Path) -> Procedure:
    """The other side, from nothing but the files and what the manifest says of them."""
    manifest = json.loads((folder / "artifact.json").read_text())
    state, adapt = manifest["state"], manifest.get("adapt")
    tensors = {t["name"]: t for t in state["tensors"]}

    def session(path: str) -> ort.InferenceSession:
        options = ort.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        return ort.InferenceSession(lzma.decompress((folder / path).read_bytes()), options,
                                    providers=["CPUExecutionProvider"])

    def run(s: ort.InferenceSession, feeds: dict, writes: list[str], *more: str) -> list:
        wanted = {i.name for i in s.get_inputs()}
        outputs = [*more, *(tensors[name]["out"] for name in writes)]
        got = s.run(outputs, {name: value.numpy() for name, value in feeds.items() if name in wanted})
        return [torch.from_numpy(value) for value in got]

    def inputs(now: dict, names) -> dict:
        return {tensors[name]["in"]: now[name] for name in names}

    model, stepper = session(manifest["model"]["path"]), adapt and session(adapt["path"])
    adapted = adapt["writes"] if adapt else []
    scored = [name for name in tensors if name not in adapted]

    def score(ids, now):
        logits, *values = run(model, {"input_ids": ids, **inputs(now, tensors)}, scored, "logits")
        return logits, dict(zip(scored, values))

    def step(ids, targets, now):
        feeds = {adapt["tokens"]: ids, adapt["targets"]: targets, **inputs(now, adapt["reads"])}
        return dict(zip(adapted, run(stepper, feeds, adapted)))

    def first(tensor: dict) -> torch.Tensor:
        if tensor["init"] == "zeros":
            return torch.zeros(tensor["shape"])
        return torch.from_numpy(np.fromfile(folder / tensor["init"]["path"], "<f4").reshape(tensor["shape"]))

    return Procedure(score, step if adapt else None, {name: first(t) for name, t in tensors.items()},
                     state.get("context", 0), state["chunk"])


def refer(folder: Path, kind: ModuleType, c, quantized: dict, known: dict) -> None:
    """`known` keeps what several artifacts of one model are compared with."""
    spm = tokenizer.load(folder / "tokenizer.model")
    tokens = tokenizer.stream(spm, sotu.load("val"))
    stream, counts = torch.from_numpy(tokens), lut.target_bytes(spm, c.vocab, tokens)
    docs = documents(stream)

    def totals(each: list) -> dict:
        total = math.fsum(float(x) for doc in each for x in doc)
        targets, size = sum(map(len, each)), int(counts.sum())
        return {"val_loss": total / targets, "val_bpb": total / math.log(2) / size,
                "targets": targets, "nats": total, "bytes_lut": size}

    p = in_torch(kind, c, quantized)
    ours, others = nats(p, stream, docs), {}
    for name, other in kind.compared(p).items():
        if (kind.MODEL, name) not in known:
            known[kind.MODEL, name] = nats(other, stream, docs)
        others[name] = known[kind.MODEL, name]
    theirs = nats(in_onnxruntime(folder), stream, docs[:CHECKED], CHECKED)
    apart = torch.cat(theirs) - torch.cat(ours[:CHECKED])
    result = {
        "data": "sotu-val", "tokens": len(tokens), "context": p.context, "chunk": p.chunk, **kind.CHOSEN,
        "score": totals(ours),
        **{name: totals(each) for name, each in others.items()},
        # A harness that is given the first documents only never sees the BOS after the last of them.
        "documents": [{"targets": n, "nats": float(ours[i].sum()), "nats_last_target": float(ours[i][-1]),
                       **{f"nats_{name}": float(each[i].sum()) for name, each in others.items()}}
                      for i, (_, n) in enumerate(docs)],
        "onnxruntime": {"version": ort.__version__, "documents": CHECKED, "targets": len(apart),
                        "difference_of_the_mean": abs(float(apart.mean())),
                        "largest_difference": float(apart.abs().max())},
        "torch": torch.__version__, "precision": "fp32 logits and state, fp64 log-softmax and sums",
        "machine": f"{reference.cpu()}, {torch.get_num_threads()} threads",
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
    }
    assert result["onnxruntime"]["difference_of_the_mean"] <= 1e-5, result["onnxruntime"]
    (folder / "reference.json").write_text(json.dumps(result, indent=2) + "\n")
    for name in ("score", *others):
        print(f"  {name}: val_loss {result[name]['val_loss']:.8f} val_bpb {result[name]['val_bpb']:.8f}")
    print(f"  onnxruntime {result['onnxruntime']}")
