/** The onnx-cuda engine on tables of logits that are known beforehand. */
import assert from 'node:assert/strict';
import { spanTotals } from '#bpb/engine/q30';
import { rowNats } from '#bpb/engine/softmax';
import type { CudaOptions } from '#bpb/engine/types';
import { fullBatch, openEngine } from '../../helpers/engines.js';
import { normals, type TableOptions, tableModel, uniform } from '../../helpers/models.js';
import type { Check, Place } from './check.js';

const cuda: CudaOptions = {
  device: 0,
  tf32: false,
  allowCpuNodes: false,
  shape: [16, 32],
  sessions: 1,
};
const next = uniform(7);
const ids = (rows: number, time: number, below: number) =>
  Array.from({ length: rows }, () =>
    Array.from({ length: time }, () => Math.floor(next() * below)),
  );
const open = ({ ortLib }: Place, model: Uint8Array) =>
  openEngine('onnx-cuda', model, { cuda, ortLib });

// Rounded to fp16 a logit of 12 is off by up to 2^-8, to bf16 by 2^-5; the target's and the largest.
const TYPES: [string, TableOptions, number][] = [
  ['fp32', {}, 4e-6],
  ['int32 ids', { input: 'int32' }, 4e-6],
  ['fp16', { output: 'float16' }, 2 ** -7],
  ['bf16', { output: 'bfloat16' }, 2 ** -4],
];

const scored = TYPES.map(
  ([type, options, tolerance]): Check => ({
    name: `${type} logits are scored as the float64 scorer does`,
    async run(place) {
      for (const vocabulary of [2, 97, 1024, 8192, 50_257]) {
        const table = normals(vocabulary * 20, 5, 3);
        const engine = await open(place, tableModel(table, vocabulary, options));
        const batch = fullBatch(ids(19, 30, 20), ids(19, 30, vocabulary));
        const { nats, q30 } = await engine.score(batch);
        await engine.close();
        place.values(() => {
          for (const [k, position] of batch.scored.entries()) {
            const row = batch.ids[position]!;
            const logits = table.subarray(row * vocabulary, (row + 1) * vocabulary);
            const error = Math.abs(nats[k]! - rowNats(logits, batch.targets[k]!, null));
            assert.ok(error < tolerance, `V = ${vocabulary}, target ${k}: off by ${error} nats`);
          }
          assert.deepEqual(q30, spanTotals(nats, batch.spanEnds).q30);
        });
        assert.equal(nats.length, batch.targets.length);
      }
    },
  }),
);

export const engineChecks: readonly Check[] = [
  ...scored,
  {
    name: 'a batch scored again, beside others, repeats to the last bit',
    async run(place) {
      const engine = await open(place, tableModel(normals(1024 * 50, 2, 3), 1024));
      const batch = fullBatch(ids(16, 32, 50), ids(16, 32, 1024));
      const scores = await Promise.all(Array.from({ length: 20 }, () => engine.score(batch)));
      await engine.close();
      for (const { nats } of scores) assert.deepEqual(nats, scores[0]!.nats);
    },
  },
  {
    name: 'no logit crosses the bus: four bytes a target, the sums and the flags',
    async run(place) {
      const engine = await open(place, tableModel(normals(8192 * 50, 2), 8192));
      const batch = fullBatch(ids(16, 32, 50), ids(16, 32, 8192));
      const { deviceToHostBytes } = await engine.score(batch);
      await engine.close();
      assert.equal(deviceToHostBytes, 16 * 8 + 32 + 512 * 4);
    },
  },
];
