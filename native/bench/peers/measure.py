"""Times other scorers on the shapes of the kernel laboratory, on this machine's GPU.

    python3 native/bench/peers/measure.py torch|triton|quack OUT.jsonl [GIB]

torch: PyTorch's cross_entropy, eager and compiled, as its users write it: reduction='none' on the
logits' own type; with a softcap `30 * tanh(x / 30)` and cross_entropy in fp32, as the challenge's
evaluator does. triton: one_read.py. quack: QuACK's forward cross entropy, which has no softcap.
Appends JSON lines to OUT.jsonl and leaves out what stands there already, unless BPB_GPU_AGAIN is 1. Exits 0, 1 where one could
not be timed, 10 with `answer: peer absent (…)` where the peer cannot run at all.
"""

import importlib
import sys
from pathlib import Path

import timing

PEER_ABSENT = 10


def absent(why):
    print(f"answer: peer absent ({why})")
    sys.exit(PEER_ABSENT)


def module(name):
    try:
        return importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - a broken installation is an absent one
        words = str(error).strip().splitlines()
        absent(f"import {name}: {type(error).__name__}: {words[0] if words else ''}")


def plain(torch):
    return lambda logits, targets: torch.nn.functional.cross_entropy(
        logits, targets, reduction="none"
    )


def softcapped(torch, cap):
    def work(logits, targets):
        return torch.nn.functional.cross_entropy(
            cap * torch.tanh(logits.float() / cap), targets, reduction="none"
        )

    return work


def measure_torch(torch, lines, gib, softcap):
    function = softcapped(torch, float(softcap)) if softcap else plain(torch)
    for kind in timing.types(torch):
        for vocab in timing.VOCABULARIES:
            untimed = [
                who
                for who in ("PyTorch eager", "PyTorch compiled")
                if not lines.has(who, kind, vocab, softcap)
            ]
            if not untimed:
                continue
            pairs = timing.inputs_of(torch, kind, vocab, gib)
            for who in untimed:
                torch.compiler.reset()
                work = (
                    function if who == "PyTorch eager" else torch.compile(function, dynamic=False)
                )
                timing.measure(torch, lines, who, torch.__version__, kind, pairs, softcap, work)
            del pairs
            torch.cuda.empty_cache()


def measure_triton(torch, lines, gib, softcap):
    triton, one_read = module("triton"), module("one_read")
    who = "Triton one read"
    for kind in timing.types(torch):
        for vocab in timing.VOCABULARIES:
            if lines.has(who, kind, vocab, softcap):
                continue
            pairs = timing.inputs_of(torch, kind, vocab, gib)

            def run(shape):
                return lambda logits, targets: one_read.one_read(logits, targets, softcap, *shape)

            def quick(shape):
                try:
                    return timing.milliseconds(torch, run(shape), pairs)[0]
                except Exception as error:  # noqa: BLE001 - too large for this device, perhaps
                    print(f"{shape}: {error}", flush=True)
                    return float("inf")

            best = min(one_read.shapes_for(vocab), key=quick)
            version = f"{triton.__version__}, block {best[0]}, {best[1]} warps"
            timing.measure(torch, lines, who, version, kind, pairs, softcap, run(best))


def measure_quack(torch, lines, gib, softcap):
    quack = module("quack.cross_entropy")
    version = getattr(sys.modules["quack"], "__version__", "unknown")
    if softcap:
        return
    for kind in timing.types(torch):
        for vocab in timing.VOCABULARIES:
            if not lines.has("QuACK", kind, vocab, softcap):
                pairs = timing.inputs_of(torch, kind, vocab, gib)
                timing.measure(
                    torch, lines, "QuACK", version, kind, pairs, softcap, quack.cross_entropy_fwd
                )


MEASURES = {"torch": measure_torch, "triton": measure_triton, "quack": measure_quack}


def main():
    who, out = sys.argv[1], Path(sys.argv[2])
    gib = float(sys.argv[3]) if len(sys.argv) > 3 else 0.5
    torch = module("torch")
    if not torch.cuda.is_available():
        absent("PyTorch finds no GPU")
    lines = timing.Lines(out)
    # What costs least time for most knowledge first: a run may be cut off.
    for softcap in timing.SOFTCAPS:
        MEASURES[who](torch, lines, gib, softcap)
    if lines.failed:
        print(f"answer: {lines.failed} shapes could not be timed")
    sys.exit(1 if lines.failed else 0)


if __name__ == "__main__":
    main()
