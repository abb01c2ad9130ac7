"""Makes the exports of the matrix, with the tools that this Python has.

    python test/exports/make.py DIR [NAME …]     makes those (default: all) that DIR does not have yet
    python test/exports/make.py --list           prints the table as JSON

DIR/NAME/model.onnx is an export, DIR/NAME/entry.json what must come of it, DIR/val the shard that all are
scored on. One JSON line an entry on stdout: its name, and `missing` (modules that this Python lacks) or
`error` (what the tool said). Tools of several versions: call it with one Python after the other.
"""

import contextlib
import dataclasses
import json
import random
import shutil
import struct
import sys
import warnings
from pathlib import Path

from entry import ENTRIES, Entry, missing

FIRST_BYTE, BOS = 4, 1
WORDS = "the of and to in a is that model byte score token row time über 数 data".split()


def write_shard(path: Path) -> None:
    """Documents of random words in ids of byte260, in the challenge's layout: 6,500 tokens or so."""
    words = random.Random(11)
    ids: list[int] = []
    for _ in range(60):
        text = " ".join(words.choice(WORDS) for _ in range(words.randrange(10, 40)))
        ids += [BOS, *(FIRST_BYTE + byte for byte in text.encode())]
    header = struct.pack("<256i", 20240520, 1, len(ids), *[0] * 253)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header + struct.pack(f"<{len(ids)}H", *ids))


def facts(entry: Entry) -> dict:
    return {k: v for k, v in dataclasses.asdict(entry).items() if k != "make"}


def make(folder: Path, name: str) -> dict:
    entry = ENTRIES[name]
    target = folder / name
    if (target / "entry.json").exists():
        return {"name": name}
    lacking = missing(entry.needs)
    if lacking:
        return {"name": name, "missing": lacking}
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # exporters print their progress
            entry.make(target)
    except Exception as error:  # a tool that cannot is a fact of the matrix, not its failure
        shutil.rmtree(target)
        return {"name": name, "error": f"{type(error).__name__}: {str(error)[:400]}"}
    (target / "entry.json").write_text(json.dumps(facts(entry)))
    return {"name": name}


def main(args: list[str]) -> None:
    warnings.filterwarnings("ignore")
    import other_exports  # noqa: F401
    import torch_exports  # noqa: F401
    import transformers_exports  # noqa: F401

    if args[0] == "--list":
        print(json.dumps([facts(each) for each in ENTRIES.values()]))
        return
    folder = Path(args[0])
    if not (folder / "val").exists():
        write_shard(folder / "val" / "fineweb_val_000000.bin")
    for name in args[1:] or ENTRIES:
        print(json.dumps(make(folder, name)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
