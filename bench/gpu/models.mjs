/**
 * The artifacts that are timed: graphs as models/train exports them.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeTokenizer } from './data.mjs';

/** Sizes by name; models/train's Config in make_models.py holds the rest. */
export const SHAPES = {
  'baseline-9x512': { vocabulary: 1024, seqLen: 1024 },
  'wide-11x512': { vocabulary: 8192, seqLen: 1024 },
  'tiny-2x64': { vocabulary: 512, seqLen: 128 },
};

/** Completes the folder that make_models.py began; returns the artifact's directory. */
export function artifact(folder, shape) {
  const directory = join(folder, shape);
  writeTokenizer(join(directory, 'tokenizer.model'), SHAPES[shape].vocabulary);
  const manifest = {
    format: 'bpb-artifact/1',
    name: shape,
    model: { path: 'model.onnx.xz', tokens: 'input_ids', logits: 'logits', softcap: null },
    tokenizer: { kind: 'sentencepiece', path: 'tokenizer.model' },
    counted: ['model.onnx.xz'],
  };
  writeFileSync(join(directory, 'artifact.json'), `${JSON.stringify(manifest)}\n`);
  return directory;
}
