/** The options of sessions: made once, and the same for a score and for a probe. */
import { describe, expect, test } from 'vitest';
import type { PlannedEvaluation } from '#bpb/evaluation/open';
import { openEvaluation } from '#bpb/evaluation/open';
import { type EngineFlags, type Placement, sessionSpec } from '#bpb/evaluation/session-options';
import { fileFolder } from '../helpers/folder.js';
import { scoreFixture } from '../helpers/score-fixture.js';

const w = await scoreFixture({ folder: fileFolder() });
const options = {
  artifact: w.model,
  docs: w.docs,
  tokenizer: 'byte260',
  window: 'chunk',
  seqLen: 32,
  device: 'cpu',
  threads: 1,
} as const;
const evaluation = await openEvaluation(options, 'plan');
const batch = [4, 32] as const;

const spec = (placement: Partial<Placement>, flags: EngineFlags = {}) =>
  sessionSpec({ ...evaluation, placement: { ...evaluation.placement, ...placement } }, flags, {
    batch,
  });

test('the graph has the names of the artifact, and its bytes without a copy', () => {
  const { model } = evaluation.artifact;
  const { options: made, engine, window, adaptive } = spec({});
  expect(made.graph).toEqual({
    model: model.bytes,
    path: w.model,
    tokens: 'input_ids',
    logits: 'logits',
    softcap: null,
    minVocabulary: undefined,
    logged: false,
  });
  expect(made.graph.model.buffer).toBe(model.bytes.buffer);
  expect({ engine, window, adaptive }).toEqual({
    engine: 'auto',
    window: evaluation.window,
    adaptive: null,
  });
});

test('what a score asks of the logits, a probe does not', () => {
  const shape = { batch, minVocabulary: 260 };
  const score = sessionSpec(evaluation, {}, shape).options;
  const probe = sessionSpec(evaluation, {}, { batch }).options;
  expect(score.graph.minVocabulary).toBe(260);
  expect({ ...score, graph: { ...score.graph, minVocabulary: undefined } }).toEqual(probe);
});

test('the runtime', () => {
  const flags = { ortLib: '/some/folder' };
  expect(spec({ threads: 3 }, flags).options.runtime).toEqual({
    ortLib: '/some/folder',
    threads: 3,
    optimize: true,
  });
});

describe('a GPU', () => {
  const gpus: PlannedEvaluation['placement']['gpus'] = { indexes: [2, 3], name: 'GPU' };

  test('is forbidden by --device cpu, and undecided where auto finds none', () => {
    expect(spec({ mayUseGpu: false }).options.cuda).toBeNull();
    expect(spec({ mayUseGpu: true, gpus: null }).options.cuda).toBeUndefined();
  });

  test.each<[EngineFlags, object]>([
    [{}, { tf32: false, allowCpuNodes: false, sessions: 1 }],
    [
      { precision: 'tf32', allowCpuNodes: true, workers: 3 },
      { tf32: true, allowCpuNodes: true, sessions: 3 },
    ],
    [{ precision: 'fp16' }, { tf32: false, allowCpuNodes: false, sessions: 1 }],
  ])('with %j', (flags, expected) => {
    const { cuda } = spec({ mayUseGpu: true, gpus }, flags).options;
    expect(cuda).toEqual({ device: 2, shape: batch, ...expected });
  });
});
