"""Runs the Triton kernel of native/bench/peers in Triton's interpreter, on the CPU, against float64.

Prints the largest error in nats over types, vocabularies, softcaps and launch shapes.
"""

import os
import sys
from pathlib import Path

os.environ["TRITON_INTERPRET"] = "1"
import torch  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "native" / "bench" / "peers"))
import one_read  # noqa: E402

torch.manual_seed(1)
worst = 0.0
for dtype in (torch.float32, torch.bfloat16):
    for vocab in (1000, 9001):
        logits = (4 * torch.randn(2, vocab)).to(dtype)
        targets = torch.randint(vocab, (2,))
        for cap in (0, 30):
            capped = cap * torch.tanh(logits.double() / cap) if cap else logits.double()
            expected = torch.nn.functional.cross_entropy(capped, targets, reduction="none")
            for shape in one_read.shapes_for(vocab):
                found = one_read.one_read(logits, targets, cap, *shape)
                worst = max(worst, (found.double() - expected).abs().max().item())
print(worst)
