"""A ledger as another evaluator would write it, from docs/ledger.md alone."""

import hashlib
import json
import struct
import sys


def main(path: str) -> None:
    ids = [1, 7, 8, 9, 10, 1, 20, 21, 22, 23, 24, 25, 26, 27, 1, 30, 31, 32, 33, 34, 35, 36, 37]
    starts = [0, 5, 14]
    previous = "0" * 64
    scored = 0
    total = 0
    with open(path, "w", encoding="utf-8", newline="\n") as file:

        def enter(fields: dict) -> None:
            nonlocal previous
            text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
            previous = hashlib.sha256((previous + text).encode()).hexdigest()
            file.write(f'{text[:-1]},"hash":"{previous}"}}\n')

        stream = hashlib.sha256(struct.pack(f"<{len(ids)}I", *ids)).hexdigest()
        enter(
            {
                "ledger": "bpb-ledger/1",
                "evaluator": "évaluateur 2.0",
                "tokens": len(ids),
                "documents": len(starts),
                "stream_sha256": stream,
                "artifact": None,
                "reset": "document",
            }
        )
        for document, start in enumerate(starts):
            end = starts[document + 1] if document + 1 < len(starts) else len(ids) - 1
            for first in range(start + 1, end + 1, 3):
                count = min(3, end + 1 - first)
                nats = 0
                for target in range(first, first + count):
                    (fp32,) = struct.unpack("<f", struct.pack("<f", 0.1 * target))
                    nats += round(fp32 * 2**30)  # Python rounds ties to even
                enter({"score": [first, count], "document": document, "nats_q30": str(nats)})
                enter({"adapt": [[first, count]], "document": document})
                scored += count
                total += nats
        enter(
            {
                "end": True,
                "scored": scored,
                "skipped": len(ids) - 1 - scored,
                "nats_q30": str(total),
            }
        )


main(sys.argv[1])
