/** Arithmetic on shapes behind operators of our own: nothing of it is left for the CPU. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ScoreResult } from '#bpb/score/result';
import { byteModel } from '../helpers/byte-models.js';
import { bpbOnFakeCuda, noFakeCuda } from '../helpers/fake-cuda.js';
import { temporaryFolder } from '../helpers/folder.js';
import { VOCABULARY } from '../helpers/score-fixture.js';
import { complaints } from './batch-counts.js';

const [TIME, WIDTH] = [32, 16];

/** A SwiGLU, and behind it a Pad, of which the rewrite infers nothing, and a shape that asks for rows. */
function model(): Uint8Array {
  return byteModel((g) => {
    const x = g.op('Gather', [g.weights([VOCABULARY, WIDTH]), 'input_ids']);
    const [gate, up] = [0, 1].map(() => g.op('MatMul', [x, g.weights([WIDTH, WIDTH])]));
    const silu = g.op('Mul', [gate!, g.op('Sigmoid', [gate!])]);
    const padded = g.op('Pad', [g.op('Mul', [silu, up!]), g.ints([0, 0, 2, 0, 0, 0])]);
    const whole = g.op('Shape', [padded]);
    const target = g.op('Concat', [g.slice(whole, 0, 0, 2), g.ints([2, -1])], { axis: { int: 0 } });
    const halves = g.op('Reshape', [padded, target]);
    const sum = g.op('ReduceSum', [halves, g.ints([2])], { keepdims: { int: 0 } });
    return g.op('MatMul', [sum, g.weights([WIDTH / 2 + 1, VOCABULARY])]);
  });
}

describe.skipIf(noFakeCuda !== '')(
  `shapes on the CUDA provider${noFakeCuda && ` (skipped: ${noFakeCuda})`}`,
  () => {
    test('all nodes are on the device, as without the rewrite', async () => {
      const folder = temporaryFolder();
      const [path, docs] = [join(folder, 'model.onnx'), join(folder, 'docs.jsonl')];
      writeFileSync(path, model());
      writeFileSync(docs, `${JSON.stringify({ text: 'Four score and seven years ago. ' })}\n`);
      const { stdout, log } = await bpbOnFakeCuda([
        ...['score', path, '--tokenizer', 'byte260', '--docs', docs, '--window', 'chunk'],
        ...['--seq-len', `${TIME}`, '--json', '--quiet', '--verify-rows', '0', '--optimize'],
      ]);
      expect(complaints(log)).toEqual([]);
      const { engine, optimization } = JSON.parse(stdout) as ScoreResult;
      expect(engine).toMatchObject({ name: 'onnx-cuda' });
      expect(optimization!.rewrites).toContainEqual({ name: 'swiglu', count: 1 });
    });
  },
);
