/** No honest artifact fails: those of models/, and toys on a stand-in for a GPU. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { probe } from '#bpb/index';
import { attention, byteModel, lookAhead } from '../helpers/byte-models.js';
import { noFakeGpu, withFakeGpu } from '../helpers/fake-gpu.js';
import { scoreFixture } from '../helpers/score-fixture.js';

const models = fileURLToPath(new URL('../../models', import.meta.url));
const bundled = readdirSync(models).filter((name) =>
  existsSync(join(models, name, 'artifact.json')),
);

/** Two minutes of probing, most of them in its gradients: with the long tests. */
const LONG = ['sotu-attention-lora'];
const long = process.env['BPB_TEST_LONG'] !== undefined;

describe.each(bundled)('%s', (name) => {
  const title = LONG.includes(name) ? 'no probe fails (BPB_TEST_LONG)' : 'no probe fails';
  test.skipIf(LONG.includes(name) && !long)(title, () => noneFails(name));
});

async function noneFails(name: string): Promise<void> {
  // Of this seed documents that end in a batch round those that go on otherwise, in `sotu-bias`.
  const report = await probe({ artifact: join(models, name), seed: 1222, device: 'cpu' });
  expect(report.verdicts.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
  expect(report.data!.tokens).toBeGreaterThan(100_000);
  const causality = report.verdicts.find((each) => each.name === 'causality')!;
  // On the CPU nothing rounds otherwise in the same shape: any effect would be warned of.
  expect(causality.effect).toBe(0);
  expect(report.verdicts.filter(({ verdict }) => verdict === 'warn')).toEqual([]);
}

describe.skipIf(noFakeGpu !== '')(
  `on a stand-in for a GPU${noFakeGpu && ` (${noFakeGpu})`}`,
  () => {
    test.each([
      ['an honest model', attention, []],
      ['one that looks ahead', lookAhead(5, 1e-4), ['causality']],
    ] as const)('%s', (_, build, expected) =>
      withFakeGpu({}, async (gpu) => {
        const w = await scoreFixture({ model: byteModel(build) });
        const report = await probe({
          artifact: w.model,
          tokenizer: 'byte260',
          docs: w.docs,
          window: 'document',
          seqLen: 64,
          engine: 'onnx-cuda',
          ortLib: gpu.runtime,
        });
        expect(report.engine!.name).toBe('onnx-cuda');
        const failed = report.verdicts.filter(({ verdict }) => verdict === 'fail');
        expect(failed.map(({ name }) => name)).toEqual(expected);
      }),
    );
  },
);
