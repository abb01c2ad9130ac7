/** A tokenizer with spaces inside its pieces: no headline, and the score over the published bytes where they are known. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { score } from '#bpb/index';
import { sharedCase } from '../helpers/shared-data.js';

const folder = sharedCase('inner-space-headline');

test.skipIf(folder === null).each([
  ['the shard alone', {}, null],
  // 946 published bytes; the nats of another evaluator, rounded to fp32 as ours are: 1e-9.
  ['with its documents', { docs: 'ws2.jsonl' }, 5.9411984579],
] as const)('%s (needs ../shared/cases)', async (_, { docs }: { docs?: string }, original) => {
  const file = (name: string) => join(folder!, name);
  const result = await score({
    artifact: file('ws2.onnx'),
    tokenizer: file('ws2.model'),
    data: [file('fineweb_val_000000.bin')],
    ...(docs === undefined ? {} : { docs: file(docs) }),
    window: 'document',
    seqLen: 64,
    verifyRows: 0,
  });
  expect(result.totals.bytes).toMatchObject({ lut: 967, decoded: 946 });
  expect(result).toMatchObject({ status: 'withheld', score: { val_bpb: null, ci95_bpb: null } });
  const failed = result.findings.filter(({ severity }) => severity === 'fail');
  expect(failed.map(({ id }) => id)).toEqual(['denominator-exceeds']);
  const { bpb_original } = result.score;
  if (original === null) expect(bpb_original).toBe(null);
  else expect(Math.abs(bpb_original! / original - 1)).toBeLessThan(1e-9);
});
