/** The benchmark's models as artifacts: random weights in the challenge's shapes (bench/gpu). */
import { spawnSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonWith } from './python.js';

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const python = pythonWith('numpy', 'onnx');

/** Why they cannot be built here, or the empty string. */
export const noBenchmarkModels = python === undefined ? 'no Python with numpy and onnx' : '';

export const BENCHMARK_SHAPES = ['baseline-9x512', 'wide-11x512'] as const;

/** Builds them in `folder`; each is scored on the built-in data, whose tokenizer it borrows. */
export function benchmarkModels(folder: string): Map<string, string> {
  const args = [at('bench/gpu/make_models.py'), folder, ...BENCHMARK_SHAPES];
  const { status, stderr } = spawnSync(python!, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return new Map(
    BENCHMARK_SHAPES.map((name) => {
      const directory = join(folder, name);
      copyFileSync(at('models/sotu-8x256/tokenizer.model'), join(directory, 'tokenizer.model'));
      const manifest = {
        format: 'bpb-artifact/1',
        name,
        model: { path: 'model.onnx.xz', tokens: 'input_ids', logits: 'logits', softcap: null },
        tokenizer: { kind: 'sentencepiece', path: 'tokenizer.model' },
        evaluation: { window: 'chunk', seqLen: 1024, stride: null, data: 'sotu-val' },
        counted: ['model.onnx.xz'],
      };
      writeFileSync(join(directory, 'artifact.json'), JSON.stringify(manifest));
      return [name, directory];
    }),
  );
}
