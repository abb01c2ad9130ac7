"""Times PyTorch's cross_entropy, eager and compiled, on the shapes of the kernel laboratory.

    python3 native/bench/peers.py [GIB]

Each as its users write it: reduction='none' on the logits' own type without a softcap; with one,
`30 * tanh(x / 30)` and cross_entropy in fp32, as the challenge's evaluator does. Prints the rows of a
Markdown table; exits 4 without PyTorch or a device.
"""

import statistics
import sys

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    sys.exit(4)
if not torch.cuda.is_available():
    sys.exit(4)

GIB = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
VOCABULARIES = (1024, 4096, 8192, 50257, 131072)
TYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def plain(logits, targets):
    return F.cross_entropy(logits, targets, reduction="none")


def softcapped(logits, targets):
    return F.cross_entropy(30.0 * torch.tanh(logits.float() / 30.0), targets, reduction="none")


def milliseconds(work, inputs, repeats=15):
    """Median over `repeats` runs, rotating the inputs, between two events."""
    times = []
    for i in range(repeats + 3):
        start, stop = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        work(*inputs[i % len(inputs)])
        stop.record()
        stop.synchronize()
        if i >= 3:
            times.append(start.elapsed_time(stop))
    return statistics.median(times)


def measure(name, dtype, vocab):
    size = torch.empty((), dtype=dtype).element_size()
    rows = -(-int(GIB * 2**30) // (vocab * size))
    inputs = []
    for seed in (1, 2):
        generator = torch.Generator("cuda").manual_seed(seed)
        logits = torch.empty(rows, vocab, dtype=dtype, device="cuda")
        # Row by row in slices: a whole fp32 copy of 16-bit logits is not needed.
        for part in logits.split(max(1, 2**26 // vocab)):
            part.copy_(4 * torch.randn(part.shape, device="cuda", generator=generator))
        targets = torch.randint(vocab, (rows,), device="cuda", generator=generator)
        inputs.append((logits, targets))
    for softcap, function in ((0, plain), (30, softcapped)):
        torch.compiler.reset()
        for mode, work in (("eager", function), ("compiled", torch.compile(function))):
            label = f"| {name} | {vocab} | {softcap} | 4 | PyTorch {torch.__version__} {mode} |"
            try:
                took = milliseconds(work, inputs)
            except RuntimeError as error:  # out of memory, or nothing to compile with
                print(label, f"{type(error).__name__} | | | | |", flush=True)
                torch.cuda.empty_cache()
                continue
            rate = rows * vocab * size / took / 1e6
            print(label, f"{took:.3f} | {rate:.0f} | | | |", flush=True)


def main():
    for name, dtype in TYPES.items():
        for vocab in VOCABULARIES:
            measure(name, dtype, vocab)
            torch.cuda.empty_cache()


main()
