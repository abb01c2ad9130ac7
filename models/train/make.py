"""Everything from nothing: tokenizer, training, quantization, export, reference, artifact.

    python models/train/make.py                      about half an hour on two idle cores
    python models/train/make.py --keep-checkpoint    everything but the training
    python models/train/make.py --keep-weights       graph and recipe anew, with the weights of the artifact
                                                     that is there; reference.json holds for it still
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import artifact
import reference
import tokenizer
import weights

HERE = Path(__file__).resolve().parent

# glibc gives large blocks back to the system after every step and faults them in again;
# keeping them makes a step a fifth faster. Read when a process starts, hence the child.
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "100000000000", "MALLOC_TOP_PAD_": "268435456"}


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", type=Path, default=HERE.parent / "sotu-8x256")
    p.add_argument("--build", type=Path, default=HERE / "build", help="checkpoint and tokenizer go here")
    p.add_argument("--keep-checkpoint", action="store_true", help="use the checkpoint that is there")
    p.add_argument("--keep-weights", action="store_true", help="use the weights and the tokenizer of --out")
    a, training = p.parse_known_args()
    if a.keep_weights:
        artifact.write(*weights.quantized(a.out / "model.onnx.xz"), a.out / "tokenizer.model", a.out)
        return

    pieces, checkpoint = a.build / "tokenizer.model", a.build / "checkpoint.pt"
    tokenizer.train(pieces)
    if not (a.keep_checkpoint and checkpoint.exists()):
        subprocess.run([sys.executable, str(HERE / "train.py"), "--tokenizer", str(pieces),
                        "--checkpoint", str(checkpoint), *training], check=True, env={**os.environ, **KEEP_MEMORY})
    artifact.write(*artifact.read(checkpoint), pieces, a.out)
    reference.main(a.out)


if __name__ == "__main__":
    main()
