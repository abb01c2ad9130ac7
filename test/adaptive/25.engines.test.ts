/** One artifact that carries state, whole, on every engine: the same score. */
import { describe, expect, test } from 'vitest';
import { createAdaptiveEngine } from '#bpb/engine/create';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { score } from '#bpb/score/score';
import { writeCounts, writeLag } from '../helpers/adaptive.js';
import { noFakeGpu, withFakeGpu } from '../helpers/fake-gpu.js';
import { temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture } from '../helpers/score-fixture.js';
import { adaptiveOptions, sumModel, tensor } from '../helpers/state-graphs.js';

const artifacts = {
  counts: (folder: string) => writeCounts(folder, { chunk: 8, steps: 2 }),
  lag: (folder: string) => writeLag(folder, { chunk: 8 }),
  'lag in one pass': (folder: string) =>
    writeLag(folder, { chunk: 8, reset: 'never', window: 'chunk' }),
};

async function options(name: keyof typeof artifacts): Promise<ScoreOptions> {
  const artifact = temporaryFolder();
  artifacts[name](artifact);
  return { artifact, docs: (await scoreFixture()).docs };
}

const names = Object.keys(artifacts) as (keyof typeof artifacts)[];

test.each(names)('%s: the native engine and the JavaScript one agree', async (name) => {
  const given = await options(name);
  const native = await score({ ...given, device: 'cpu' });
  const js = await score({ ...given, engine: 'onnx-js' });
  expect(native.engine.name).toBe('onnx-cpu');
  expect(js.engine.name).toBe('onnx-js');
  // fp32 sums in another order.
  expect(Math.abs(native.totals.nats - js.totals.nats) / native.totals.targets).toBeLessThan(1e-6);
  expect(native.identity.score).toBe(js.identity.score);
});

describe.skipIf(noFakeGpu !== '')(
  `on a stand-in for a GPU${noFakeGpu && ` (${noFakeGpu})`}`,
  () => {
    test.each(names)('%s: the CPU’s score, verified, and only nats come back', (name) =>
      withFakeGpu({}, async (gpu) => {
        const given = await options(name);
        const cpu = await score({ ...given, device: 'cpu' });
        const result = await score({ ...given, ortLib: gpu.runtime });
        expect(result.notes).toEqual([]);
        expect(result.engine).toMatchObject({ name: 'onnx-cuda', device: 'Fake GPU' });
        expect(result.verification.verdict).toBe('pass');
        const { targets } = cpu.totals;
        expect(Math.abs(result.totals.nats - cpu.totals.nats) / targets).toBeLessThan(4e-6);
        // 4 bytes a target, and sums and flags of each step; its logits would be 1,040.
        expect(result.engine.device_to_host_bytes).toBeGreaterThan(4 * targets);
        expect(result.engine.device_to_host_bytes).toBeLessThan(64 * targets);
      }),
    );
  },
);

test('an engine that is not there is named, and what is', async () => {
  const given = adaptiveOptions(sumModel(), [tensor('sum')]);
  const refusal = await refusalOf(() => createAdaptiveEngine('abacus' as never, given));
  expect(refusal).toMatchObject({
    code: 'BPB_ENGINE',
    expected: 'auto, onnx-cuda, onnx-cpu, onnx-js, tfjs',
  });
});
