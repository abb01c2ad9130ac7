"""What all peers of the scorer share: the tensors, the timing, and the lines that are written.

Every peer is timed on the same logits, rotated between two tensors that do not fit the cache together,
and held against float64 on some rows. A line is one JSON object with the keys of the laboratory's
own (`kind`, `type`, `vocab`, `softcap`, `width`, `rows`, `ms`, `gbs` …) and `error`, which is null or says
why there is no time.
"""

import json
import os
import statistics
from pathlib import Path

VOCABULARIES = (1024, 8192, 50257)
SOFTCAPS = (0, 30)
WIDTH = 4
REPEATS, WARM = 21, 3
ROWS_CHECKED = 64

KEYS = ("who", "type", "vocab", "softcap")


def types(torch):
    return {"bf16": torch.bfloat16, "fp32": torch.float32}


class Lines:
    """A file of JSON lines that a killed run leaves usable, and that a later one continues."""

    def __init__(self, path: Path):
        self.path = path
        self.failed = 0
        self.done = set()
        if path.exists() and os.environ.get("BPB_GPU_AGAIN") != "1":
            for text in path.read_text().splitlines():
                try:
                    line = json.loads(text)
                except ValueError:  # torn: the run was killed while it wrote
                    continue
                if line.get("error") is None:
                    self.done.add(tuple(line[key] for key in KEYS))

    def has(self, who, kind, vocab, softcap):
        return (who, kind, vocab, softcap) in self.done

    def add(self, **line):
        self.failed += line.get("error") is not None
        with self.path.open("a") as file:
            file.write(json.dumps({"kind": "time", "width": WIDTH, **line}) + "\n")
        print(line, flush=True)


def inputs_of(torch, kind, vocab, gib):
    """Two pairs of logits [rows, vocab] of at least `gib` GiB and targets [rows]."""
    dtype = types(torch)[kind]
    size = torch.empty((), dtype=dtype).element_size()
    rows = -(-int(gib * 2**30) // (vocab * size))
    pairs = []
    for seed in (1, 2):
        generator = torch.Generator("cuda").manual_seed(seed)
        logits = torch.empty(rows, vocab, dtype=dtype, device="cuda")
        # Row by row in slices: a whole fp32 copy of 16-bit logits is not needed.
        for part in logits.split(max(1, 2**26 // vocab)):
            part.copy_(WIDTH * torch.randn(part.shape, device="cuda", generator=generator))
        pairs.append((logits, torch.randint(vocab, (rows,), device="cuda", generator=generator)))
    return pairs


def worst_error(torch, work, logits, targets, softcap):
    """Largest difference from float64, in nats, over rows from the first to the last."""
    nats = work(logits, targets)
    at = torch.linspace(
        0, len(logits) - 1, min(ROWS_CHECKED, len(logits)), device=logits.device
    ).long()
    some = logits[at].double()
    if softcap:
        some = softcap * torch.tanh(some / softcap)
    expected = torch.nn.functional.cross_entropy(some, targets[at], reduction="none")
    return (nats[at].double() - expected).abs().max().item()


def milliseconds(torch, work, pairs):
    """Median and quartiles between two events, rotating the inputs."""
    times = []
    for i in range(REPEATS + WARM):
        start, stop = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        work(*pairs[i % 2])
        stop.record()
        stop.synchronize()
        if i >= WARM:
            times.append(start.elapsed_time(stop))
    low, middle, high = statistics.quantiles(times, n=4)
    return middle, low, high


def measure(torch, lines, who, version, kind, pairs, softcap, work):
    """One line: the time of `work(logits, targets)`, which gives a row's nats each."""
    logits, targets = pairs[0]
    rows, vocab = logits.shape
    line = {
        "who": who,
        "version": version,
        "type": kind,
        "vocab": vocab,
        "softcap": softcap,
        "rows": rows,
    }
    try:
        worst = worst_error(torch, work, logits, targets, softcap)
        middle, low, high = milliseconds(torch, work, pairs)
    except Exception as error:  # noqa: BLE001 - a peer may fail in any way, and the others go on
        words = str(error).strip().splitlines()
        lines.add(**line, error=f"{type(error).__name__}: {words[0] if words else ''}"[:300])
        return
    gbs = logits.numel() * logits.element_size() / middle / 1e6
    lines.add(**line, ms=middle, ms_low=low, ms_high=high, gbs=gbs, worst=worst, error=None)
