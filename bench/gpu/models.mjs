/**
 * The artifacts that are timed: the exported graph as it is, and what the graph pass makes of it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { optimize } from '../../dist/artifact/onnx/optimize/optimize.js';
import { loadArtifact } from '../../dist/index.js';
import { writeTokenizer } from './data.mjs';

/** Sizes by name; models/train's Config in make_models.py holds the rest. */
export const SHAPES = {
  'baseline-9x512': { vocabulary: 1024, seqLen: 1024 },
  'wide-11x512': { vocabulary: 8192, seqLen: 1024 },
  'tiny-2x64': { vocabulary: 512, seqLen: 128 },
};

function manifest(name, model, softcap) {
  return {
    format: 'bpb-artifact/1',
    name,
    model: { path: model, tokens: 'input_ids', logits: 'logits', softcap },
    tokenizer: { kind: 'sentencepiece', path: 'tokenizer.model' },
    counted: [model],
  };
}

/** Completes the folder that make_models.py began; returns the artifacts by variant. */
export async function artifacts(folder, shape) {
  const { vocabulary, seqLen } = SHAPES[shape];
  const exported = join(folder, shape);
  writeTokenizer(join(exported, 'tokenizer.model'), vocabulary);
  const write = (directory, model, softcap) =>
    writeFileSync(
      join(directory, 'artifact.json'),
      `${JSON.stringify(manifest(shape, model, softcap))}\n`,
    );
  write(exported, 'model.onnx.xz', null);
  const { bytes } = (await loadArtifact(exported)).model;
  const variants = { exported };
  for (const precision of ['fp32', 'fp16']) {
    const directory = join(folder, `${shape}-${precision}`);
    mkdirSync(directory, { recursive: true });
    const made = optimize(bytes, { precision, seqLen, liftSoftcap: true, path: exported });
    writeFileSync(join(directory, 'model.onnx'), made.bytes);
    writeFileSync(
      join(directory, 'tokenizer.model'),
      readFileSync(join(exported, 'tokenizer.model')),
    );
    write(directory, 'model.onnx', made.softcap);
    variants[precision] = directory;
  }
  return variants;
}
