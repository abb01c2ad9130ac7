/**
 * Token files of other projects, named, with the way to a shard of this layout.
 *
 * Formats: llm.c dev/data/data_common.py and train_gpt2.py (headers of 256 int32), nanoGPT
 * data/openwebtext/prepare.py (no header), NumPy's .npy, Megatron-LM's .bin beside its .idx, MosaicML's .mds.
 */
import { existsSync } from 'node:fs';
import { shellWord } from '../shell-word.js';
import { guessContent } from './content.js';

interface ForeignShard {
  /** Such as `a gzip file`. */
  readonly name: string;
  /** Null where a new download or export is all that helps. */
  readonly hint: string | null;
}

const TOKENIZE =
  'Make shards from the documents: bpb tokenize --docs docs.jsonl --tokenizer tokenizer.model --out shards/';

/** Python that writes the ids of `read` as one shard; ids beyond 16 bits stop it. */
function conversion(read: string, path: string): string {
  const script = `import sys, numpy as n; t = ${read}.ravel(); assert t.min() >= 0 and t.max() < 65536; h = n.zeros(256, "<i4"); h[:3] = 20240520, 1, t.size; open("fineweb_val_000000.bin", "wb").write(h.tobytes() + t.astype("<u2").tobytes())`;
  return `With the tokenizer that made these ids: python3 -c ${shellWord(script)} ${shellWord(path)}`;
}

/** First int32 of files with llm.c's header of 256. */
const LLM_C: Readonly<Record<number, string>> = {
  20240326: "a model of llm.c's",
  20240327: "a debug state of llm.c's",
  20240328: "a tokenizer of llm.c's",
  20240522: "an evaluation file of llm.c's (HellaSwag, MMLU)",
  20240801: "llm.c's shard for Llama 3, with uint32 ids",
};

/** Ids without a header, by what they would be as uint16 and uint32; null for anything else. */
function headless(path: string, head: Uint8Array, size: number): ForeignShard | null {
  if (head.length < 16 || size % 2 !== 0) return null;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength - (head.byteLength % 4));
  const words = Array.from({ length: view.byteLength / 2 }, (_, k) => view.getUint16(2 * k, true));
  const high = words.filter((_, k) => k % 2 === 1);
  // Ids below 2^18 as uint32: each second word is tiny, and not each first one.
  if (size % 4 === 0 && high.every((word) => word < 4) && words.some((word) => word > 3)) {
    const read = 'n.fromfile(sys.argv[1], "<u4")';
    return { name: 'ids without a header, 32 bits each', hint: conversion(read, path) };
  }
  // Random bytes have words beyond 60,000 everywhere; vocabularies stored in 16 bits end before.
  if (words.some((word) => word >= 60_000)) return null;
  const read = 'n.fromfile(sys.argv[1], "<u2")';
  return { name: 'ids without a header, as nanoGPT writes them', hint: conversion(read, path) };
}

/**
 * What a file is that does not begin as a shard; null where nothing is known of it.
 *
 * @param head the first bytes of the file, up to 1,024
 * @param size of the whole file, in bytes
 */
export function foreignShard(path: string, head: Uint8Array, size: number): ForeignShard | null {
  const known = guessContent(head);
  if (known !== null) return { name: known, hint: knownHint(known, path) };
  const magic = head.length < 4 ? 0 : new DataView(head.buffer, head.byteOffset).getInt32(0, true);
  const llmC = size >= 1024 ? LLM_C[magic] : undefined;
  if (llmC !== undefined) return { name: llmC, hint: TOKENIZE };
  if (path.endsWith('.mds')) return { name: "a shard of MosaicML's streaming", hint: TOKENIZE };
  if (path.endsWith('.bin') && existsSync(path.replace(/\.bin$/, '.idx'))) {
    return { name: "Megatron's ids, which its .idx describes", hint: TOKENIZE };
  }
  return headless(path, head, size);
}

function knownHint(format: string, path: string): string | null {
  if (format.includes('.npy')) return conversion('n.load(sys.argv[1])', path);
  if (format.includes('.npz')) return conversion('next(iter(n.load(sys.argv[1]).values()))', path);
  if (format.includes('torch.save')) {
    return conversion('__import__("torch").load(sys.argv[1], weights_only=True).numpy()', path);
  }
  if (/Parquet|JSON|Arrow/.test(format)) {
    return `Give documents with --docs ${shellWord(path)}, or make shards of them: bpb tokenize --docs ${shellWord(path)} --tokenizer tokenizer.model --out shards/`;
  }
  if (/gzip/.test(format)) return `gzip -d ${shellWord(path)}`;
  if (/Zstandard/.test(format)) return `zstd -d ${shellWord(path)}`;
  if (/xz/.test(format)) return `xz -d ${shellWord(path)}`;
  return /index of Megatron|safetensors|GGUF|pickle/.test(format) ? TOKENIZE : null;
}
