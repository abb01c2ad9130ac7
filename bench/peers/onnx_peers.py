"""What other evaluators of ONNX exports make of a model: lm-evaluation-harness's and Olive's backends.

    python bench/peers/onnx_peers.py make DIR             exports models and documents with the tools it has
    python bench/peers/onnx_peers.py score DIR MODEL PEER  scores the documents, prints one JSON line

MODEL is a folder below DIR with model.onnx and a tokenizer of bytes. Each document is one request: its
BOS is the context, its text and the next BOS the continuation, at most TIME tokens with the BOS, so that no window is cut.
`seconds` covers the scoring alone, after one document as a warm-up.
"""

import json
import logging
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "test" / "exports"))

TIME, DOCUMENTS = 512, 8
SIZES = {"hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 4}
PEERS = {
    "lm-eval onnxruntime": ("lm_eval.models.onnxruntime_ort", "ONNXRuntimeLM"),
    "lm-eval onnxruntime-genai": ("lm_eval.models.onnxruntime_genai", "ONNXRuntimeGenAILM"),
    "Olive ort": ("olive.evaluator.lmeval_ort", "LMEvalORTEvaluator"),
    "Olive ortgenai": ("olive.evaluator.lmeval_ort", "LMEvalORTGenAIEvaluator"),
}


def write_documents(path: Path) -> None:
    from make import WORDS

    words = random.Random(5)
    with path.open("w") as file:
        for _ in range(DOCUMENTS):
            text = ""
            while len(text) < 400:  # every WORD has at most 10 bytes, and no document more than 511
                text += words.choice(WORDS) + " "
            file.write(json.dumps({"text": text}) + "\n")


def convolution(folder: Path) -> None:
    """A causal convolution by FFT with the tokenizer beside it."""
    import families
    import tiny
    import torch
    from torch_exports import export, open_shapes

    tiny.LONGEST, tiny.DIM = TIME, SIZES["hidden_size"]
    shapes = open_shapes()
    shapes["dynamic_shapes"]["ids"][1] = torch.export.Dim("sequence_length", max=TIME)
    names = {"input_names": ["input_ids"], "output_names": ["logits"]}
    export(folder, tiny.seeded(tiny.FourierConvolution(), 0.5), dynamo=True, **names, **shapes)
    families.tokenizer().save_pretrained(folder)


def make(folder: Path) -> None:
    import families
    import transformers
    import transformers_exports
    from entry import missing

    folder.mkdir(parents=True, exist_ok=True)
    write_documents(folder / "docs.jsonl")
    sizes = {**SIZES, "max_position_embeddings": TIME}
    families.FAMILIES["llama"] = {**families.FAMILIES["llama"], **sizes}
    kinds = {
        "builder": (transformers_exports.BUILDER, transformers_exports.by_builder, "fp32", ()),
        "optimum": (
            transformers_exports.OPTIMUM,
            transformers_exports.by_optimum,
            "text-generation-with-past",
        ),
    }
    for name, (needs, by, *rest) in kinds.items():
        if not missing(needs) and not (folder / name / "model.onnx").exists():
            (folder / name).mkdir(parents=True, exist_ok=True)
            by(folder / name, "llama", *rest)
            transformers.AutoConfig.for_model(
                "llama", **families.FAMILIES["llama"]
            ).save_pretrained(
                folder / name  # Olive asks for it
            )
    if not (folder / "convolution" / "model.onnx").exists():
        (folder / "convolution").mkdir(parents=True, exist_ok=True)
        convolution(folder / "convolution")


def score(folder: Path, model: str, peer: str) -> dict:
    import importlib

    logging.disable(logging.WARNING)
    module, name = PEERS[peer]
    evaluator = getattr(importlib.import_module(module), name)
    path = folder / model / ("model.onnx" if peer == "Olive ort" else "")
    lm = evaluator(str(path), max_length=TIME)
    texts = [json.loads(line)["text"] for line in (folder / "docs.jsonl").open()]
    requests = [(None, [1], [*(byte + 4 for byte in text.encode()), 1]) for text in texts]
    requests[-1][2].pop()  # the BOS of the next document is a target, and nothing follows the last
    assert all(len(continuation) < TIME for _, _, continuation in requests)
    lm._loglikelihood_tokens(requests[:1], disable_tqdm=True)
    start = time.perf_counter()
    found = lm._loglikelihood_tokens(requests, disable_tqdm=True)
    seconds = time.perf_counter() - start
    return {
        "nats": -sum(value for value, _ in found),
        "bytes": sum(len(text.encode()) for text in texts),
        "seconds": seconds,
    }


def main(command: str, folder: str, *rest: str) -> None:
    if command == "make":
        make(Path(folder))
        return
    model, peer = rest
    try:
        facts = score(Path(folder), model, peer)
    except Exception as error:  # what a peer cannot score is a row of the table
        facts = {"error": f"{type(error).__name__}: {str(error).strip()[-300:]}"}
    print(json.dumps({"model": model, "peer": peer, **facts}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
