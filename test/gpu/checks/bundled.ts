/** The bundled model on a GPU, as exported and rewritten. */
import assert from 'node:assert/strict';
import { score } from '#bpb/index';
import { refusalOf } from '../../helpers/refusal.js';
import type { Check, Place } from './check.js';

const GPU = { device: 'cuda:0' } as const;

async function rewritten({ sotu, ortLib, values }: Place, window: 'chunk' | 'sliding') {
  const stride = window === 'sliding' ? { stride: 64 } : {};
  const given = { artifact: sotu, ...GPU, ortLib, seqLen: 512, limitDocs: 10 };
  const run = () => score({ ...given, window, ...stride, optimize: true });
  const [one, two] = [await run(), await run()];
  assert.equal(one.engine.name, 'onnx-cuda');
  assert.equal(one.engine.precision, 'fp16');
  // Counted only where no node ran on the CPU.
  assert.ok(one.engine.device_to_host_bytes! > 0);
  assert.equal(one.optimization?.precision, 'fp16');
  values(() => {
    assert.equal(one.optimization?.verdict, 'pass');
    assert.equal(one.verification.verdict, 'pass');
  });
  assert.deepEqual(two.totals, one.totals);
}

export const bundledChecks: readonly Check[] = [
  ...(['chunk', 'sliding'] as const).map(
    (window): Check => ({
      name: `the bundled model rewritten to fp16, ${window}: no node on the CPU, proved, and it repeats`,
      run: (place) => rewritten(place, window),
    }),
  ),
  {
    name: 'the bundled model in fp32: the CPU’s score to 1e-5 nats, twice the same bits',
    async run({ sotu, ortLib, values }) {
      const common = { artifact: sotu, limitDocs: 3, ortLib };
      const cpu = await score({ ...common, device: 'cpu' });
      const gpu = { ...common, ...GPU, allowCpuNodes: true };
      const [one, two] = [await score(gpu), await score(gpu)];
      values(() => {
        assert.equal(one.verification.verdict, 'pass');
        assert.ok(Math.abs(one.score.val_loss! - cpu.score.val_loss!) < 1e-5);
      });
      assert.deepEqual(two.totals, one.totals);
      assert.equal(two.identity.bits, one.identity.bits);
    },
  },
  {
    name: 'a device that is not there: exit 2',
    async run({ sotu, ortLib }) {
      const refused = await refusalOf(() => score({ artifact: sotu, device: 'cuda:99', ortLib }));
      assert.equal(refused.exitCode, 2);
    },
  },
];
