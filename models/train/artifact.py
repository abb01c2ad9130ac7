"""The artifact folder: quantized model, tokenizer, manifest, and the sources that made them."""

import io
import json
import shutil
import tarfile
from pathlib import Path

import torch

import export
from config import Config
from model import arrays
from quantize import quantize

HERE = Path(__file__).resolve().parent


def sources() -> bytes:
    """A tar of the recipe's files, the same bytes on every machine: sorted, no times, no owners."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted([*HERE.glob("*.py"), HERE / "requirements.txt"], key=lambda p: p.name):
            info = tarfile.TarInfo(f"train/{path.name}")
            data = path.read_bytes()
            info.size, info.mode, info.mtime = len(data), 0o644, 0
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def manifest(name: str, seq_len: int) -> dict:
    return {
        "format": "bpb-artifact/1",
        "name": name,
        # The softcap is in the graph, so the harness must not apply another.
        "model": {"path": "model.onnx.xz", "tokens": "input_ids", "logits": "logits", "softcap": None},
        "tokenizer": {"kind": "sentencepiece", "path": "tokenizer.model"},
        # The last document is lossy: its published bytes count only where it is scored whole.
        "evaluation": {"window": "chunk", "seqLen": seq_len, "stride": None, "tail": "score", "data": "sotu-val"},
        "counted": ["model.onnx.xz", "recipe.tar.xz"],
    }


def read(checkpoint: Path) -> tuple[Config, dict]:
    """The configuration and the int8 weights."""
    saved = torch.load(checkpoint, weights_only=True)
    return Config(**saved["config"]), quantize(arrays(saved["model"]))


def write(c: Config, quantized: dict, tokenizer: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx.xz").write_bytes(export.compress(export.build(c, quantized, folder.name)))
    (folder / "recipe.tar.xz").write_bytes(export.compress(sources()))
    (folder / "artifact.json").write_text(json.dumps(manifest(folder.name, c.seq_len), indent=2) + "\n")
    if tokenizer.resolve() != (folder / "tokenizer.model").resolve():
        shutil.copyfile(tokenizer, folder / "tokenizer.model")
    counted = sum((folder / name).stat().st_size for name in manifest(folder.name, c.seq_len)["counted"])
    print(f"{folder}: {counted} bytes counted of 16000000")
