/** Graphs that ONNX Runtime refuses once their shapes are known: opened all the same, with equal nats. */
import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import type { Batch, CudaOptions } from '#bpb/engine/types';
import { fixAxes } from '#bpb/onnx/fix-axes';
import { makeLoadable } from '#bpb/onnx/loadable';
import { readSummary } from '#bpb/onnx/summary';
import { score } from '#bpb/score/score';
import { fullBatch, openEngine } from '../helpers/engines.js';
import { noFakeGpu, withFakeGpu } from '../helpers/fake-gpu.js';
import { normals, tableModel } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture } from '../helpers/score-fixture.js';
import { deadBranch, MENDED, VOCABULARY, vectorRange } from '../helpers/shape-graphs.js';

const [ROWS, TIME] = [2, 5];
const batch = fullBatch(
  [
    [1, 2, 3, 4, 5],
    [9, 8, 7, 6, 5],
  ],
  [
    [2, 3, 4, 5, 6],
    [8, 7, 6, 5, 4],
  ],
);
const cuda: CudaOptions = {
  device: 0,
  tf32: false,
  allowCpuNodes: false,
  shape: [ROWS, TIME],
  sessions: 1,
};
const fixed = (model: Uint8Array) => fixAxes(model, 'input_ids', [ROWS, TIME], 'm').model;
const plain = tableModel(normals(VOCABULARY * VOCABULARY, 1), VOCABULARY);

async function scored(
  choice: 'onnx-cpu' | 'onnx-js' | 'onnx-cuda',
  model: Uint8Array,
  options: Parameters<typeof openEngine>[2] = {},
  of: Batch = batch,
) {
  const engine = await openEngine(choice, model, options);
  try {
    const { nats } = await engine.score(of);
    return { nats, remarks: engine.remarks, info: engine.info };
  } finally {
    await engine.close();
  }
}

/** What the runtime says of the model, left alone. */
function loaded(model: Uint8Array): Promise<string> {
  const options = { graphOptimizationLevel: 'basic', logSeverityLevel: 4 } as const;
  return InferenceSession.create(model, options).then(
    async (session) => {
      await session.release();
      return 'loads';
    },
    (error: Error) => error.message,
  );
}

describe.each(Object.entries(MENDED))('%s', (_, make) => {
  const model = make();

  test('loads with open axes; with fixed ones the runtime refuses it, and not once rewritten', async () => {
    expect(await loaded(model)).toBe('loads');
    expect(await loaded(fixed(model))).toMatch(/ShapeInferenceError/);
    expect(await loaded(makeLoadable(fixed(model), 'm')!)).toBe('loads');
  });

  test.each(['onnx-cpu', 'onnx-js'] as const)('%s: same nats, and a remark', async (choice) => {
    const open = await scored(choice, model);
    expect(open.remarks).toEqual([]);
    const { nats, remarks, info } = await scored(choice, fixed(model));
    expect(nats).toEqual(open.nats);
    expect(info).toMatchObject({ fixedRows: ROWS, fixedTime: TIME });
    expect(remarks).toEqual([expect.stringMatching(/^opened with the inputs of Range squeezed/)]);
  });

  test.skipIf(noFakeGpu !== '')('onnx-cuda fixes its axes', () =>
    withFakeGpu({}, async (gpu) => {
      const given = { ortLib: gpu.runtime, cuda };
      const { nats, remarks, info } = await scored('onnx-cuda', model, given);
      const open = await scored('onnx-cpu', model);
      // The portable scorer against the best instruction set here.
      for (const [k, value] of open.nats.entries()) expect(nats[k]).toBeCloseTo(value, 4);
      expect(info).toMatchObject({ fixedRows: ROWS, fixedTime: TIME });
      expect(remarks).toHaveLength(1);
    }),
  );
});

describe('makeLoadable', () => {
  test('leaves a graph alone that has no Range and declares nothing', () => {
    expect(makeLoadable(plain, 'm')).toBeNull();
  });

  test('keeps ports and weights, and adds nothing but a Squeeze for each input', () => {
    const model = MENDED['start and delta of Range']!();
    const [before, after] = [readSummary(model, 'm'), readSummary(makeLoadable(model, 'm')!, 'm')];
    expect(after.inputs).toEqual(before.inputs);
    expect(after.outputs).toEqual(before.outputs);
    const more = new Map(
      [...after.operators].map(([op, n]) => [op, n - (before.operators.get(op) ?? 0)]),
    );
    expect([...more].filter(([, n]) => n !== 0)).toEqual([[expect.stringMatching(/Squeeze$/), 3]]);
  });

  test('gives names that the graph does not have', async () => {
    const once = makeLoadable(fixed(MENDED['start and delta of Range']!()), 'm')!;
    expect(await loaded(makeLoadable(once, 'm')!)).toBe('loads');
  });

  test('refuses what is no model', async () => {
    expect(
      await refusalOf(() => makeLoadable(plain.subarray(0, plain.length - 9), 'm')),
    ).toMatchObject({ code: 'BPB_MODEL_NOT_ONNX', path: 'm' });
  });
});

describe.skipIf(noFakeGpu !== '')('where only open axes load', () => {
  const model = deadBranch();

  test('the premise: the rewrite does not help', async () => {
    expect(await loaded(model)).toBe('loads');
    expect(await loaded(fixed(model))).toMatch(/Squeeze.*ShapeInferenceError/s);
    expect(makeLoadable(fixed(model), 'm')).not.toBeNull();
    expect(await loaded(makeLoadable(fixed(model), 'm')!)).toMatch(/Squeeze.*ShapeInferenceError/s);
  });

  test('onnx-cuda opens it so, takes batches of any shape, and says why', () =>
    withFakeGpu({}, async (gpu) => {
      const given = { ortLib: gpu.runtime, cuda };
      const other = fullBatch([[1, 2, 3]], [[2, 3, 4]]);
      for (const each of [batch, other]) {
        const { nats, remarks, info } = await scored('onnx-cuda', model, given, each);
        const open = await scored('onnx-cpu', model, {}, each);
        for (const [k, value] of open.nats.entries()) expect(nats[k]).toBeCloseTo(value, 4);
        expect(info).toMatchObject({ fixedRows: null, fixedTime: null });
        expect(remarks).toEqual([
          expect.stringMatching(/^opened with its axes open: .*Dimension of input 0 must be 1/s),
        ]);
      }
    }));

  test('nodes that this leaves to the CPU are refused with that reason', () =>
    withFakeGpu({ FAKE_GPU_CPU_NODES: '1' }, async (gpu) => {
      const given = { ortLib: gpu.runtime, cuda };
      const refusal = await refusalOf(() => scored('onnx-cuda', model, given));
      expect(refusal).toMatchObject({ code: 'BPB_CPU_NODES', exitCode: 4 });
      expect(refusal.actual).toMatch(/on the CPU: .*its axes are open: .*Dimension of input 0/s);
    }));
});

describe.skipIf(noFakeGpu !== '')('a whole run on a GPU', () => {
  const options = async (ortLib: string) => {
    const { docs, model } = await scoreFixture({ model: vectorRange(260) });
    return {
      artifact: model,
      docs,
      tokenizer: 'byte260',
      window: 'chunk',
      seqLen: 8,
      ortLib,
    } as const;
  };

  test('scores, and the note is in the result', () =>
    withFakeGpu({}, async (gpu) => {
      const result = await score({ ...(await options(gpu.runtime)), device: 'cuda:0' });
      const onCpu = await score({
        ...(await options(gpu.runtime)),
        device: 'cpu',
        ortLib: undefined,
      });
      expect(result.score.val_loss).toBeCloseTo(onCpu.score.val_loss!, 6);
      expect(result.verification.verdict).toBe('pass');
      expect(result.notes).toEqual([expect.stringMatching(/^opened with the inputs of Range/)]);
    }));

  test('the proof of --optimize opens the original too', () =>
    withFakeGpu({}, async (gpu) => {
      const wanted = { device: 'cuda:0', optimize: true, precision: 'fp32' } as const;
      const result = await score({ ...(await options(gpu.runtime)), ...wanted });
      expect(result.optimization).toMatchObject({ verdict: 'pass', note: null });
      expect(result.optimization!.rows).toBeGreaterThan(0);
    }));
});

test('a graph that no form of it loads is refused with what the runtime says of it as it is', async () => {
  const broken = Buffer.from(MENDED['the limit of Range']!());
  broken.write('Unsqueezy', broken.lastIndexOf('Unsqueeze'));
  for (const choice of ['onnx-cpu', 'onnx-js'] as const) {
    const refusal = await refusalOf(() => scored(choice, broken));
    expect(refusal).toMatchObject({ code: 'BPB_MODEL_LOAD', exitCode: 3 });
    expect(refusal.actual).toContain('Unsqueezy');
  }
  if (noFakeGpu !== '') return;
  await withFakeGpu({}, async (gpu) => {
    const given = { ortLib: gpu.runtime, cuda };
    const refusal = await refusalOf(() => scored('onnx-cuda', broken, given));
    expect(refusal).toMatchObject({ code: 'BPB_MODEL_LOAD', exitCode: 3 });
    expect(refusal.actual).toContain('Unsqueezy');
  });
});
