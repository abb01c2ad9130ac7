"""The adaptive and recurrent artifacts, from nothing: one command each, or all.

    python models/train/adaptive/make_adaptive.py                     bias, head-lora, recurrent and attention-lora
    python models/train/adaptive/make_adaptive.py bias recurrent      some of the four
    python models/train/adaptive/make_adaptive.py choose              tries learning rates on training documents
    python models/train/adaptive/make_adaptive.py --keep-weights      graphs and recipes anew, with the weights of the
                                                                      artifacts; reference.json holds for them still

The base and the recurrent model are trained where their checkpoint is not there yet.
"""

import argparse
import dataclasses
import importlib
import os
import subprocess
import sys
from pathlib import Path

import shared
import torch
from loop import documents, nats
from pack import in_torch, kept, read, refer, write

import make
import sotu
import tokenizer

HERE = Path(__file__).resolve().parent
ALL = ["bias", "head-lora", "recurrent", "attention-lora"]
RATES = {"bias": [0.5, 1, 2, 4, 8], "head-lora": [0.3, 1, 3], "attention-lora": [1, 3, 10, 30]}
CHOICE = [20, 160]  # positions of the training documents that learning rates were chosen on


def checkpoint(kind: str, build: Path, pieces: Path) -> Path:
    path = build / f"{kind}.pt"
    if not path.exists():
        subprocess.run([sys.executable, str(HERE / "fit.py"), kind, "--tokenizer", str(pieces),
                        "--checkpoint", str(path)], check=True, env={**os.environ, **make.KEEP_MEMORY})
    return path


def choose(kind, c, quantized: dict, pieces: Path, rates: list[float]) -> None:
    texts = sotu.load("train")
    stream = torch.from_numpy(tokenizer.stream(tokenizer.load(pieces), [texts[i] for i in CHOICE]))
    docs = documents(stream)
    print(f"{kind.NAME}: {[n for _, n in docs]} targets of training documents {CHOICE}")
    p = in_torch(kind, c, quantized, rate=0.0)
    plain = dataclasses.replace(p, adapt=None)
    for rate in [0.0, *rates]:
        p = plain if rate == 0 else in_torch(kind, c, quantized, rate=rate)
        each = nats(p, stream, docs, len(docs))
        mean = sum(float(x.sum()) for x in each) / sum(map(len, each))
        print(f"  rate {rate:g}: {mean:.5f}  {[round(float(x.mean()), 5) for x in each]}", flush=True)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("names", nargs="*", default=ALL)
    p.add_argument("--build", type=Path, default=shared.TRAIN / "build", help="checkpoints and tokenizer go here")
    # The tensors are small: two threads mostly wait for each other.
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--keep-weights", action="store_true", help="use the weights and tokenizers of the artifacts")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    if a.keep_weights:
        kinds = [importlib.import_module(name.replace("-", "_")) for name in a.names]
        for kind, weights in [(kind, kept(kind)) for kind in kinds]:  # all are read before one is written
            write(kind, *weights, shared.MODELS / kind.NAME / "tokenizer.model")
        return
    pieces = a.build / "tokenizer.model"
    if not pieces.exists():
        tokenizer.train(pieces)
    choosing = "choose" in a.names
    known = {}
    for name in [n for n in a.names if n != "choose"] or ALL:
        kind = importlib.import_module(name.replace("-", "_"))
        c, quantized = read(checkpoint(kind.MODEL, a.build, pieces), kind.Config)
        if choosing and name in RATES:
            choose(kind, c, quantized, pieces, RATES[name])
        elif not choosing:
            refer(write(kind, c, quantized, pieces), kind, c, quantized, known)


if __name__ == "__main__":
    main()
