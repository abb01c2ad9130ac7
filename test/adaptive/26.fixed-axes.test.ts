/** Artifacts that carry state, with graphs that fix their batch: the score of the same with open axes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixAxes } from '#bpb/onnx/fix-axes';
import { probe } from '#bpb/probes/probe';
import { score } from '#bpb/score/score';
import { writeCounts, writeLag } from '../helpers/adaptive.js';
import { temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture, seededTexts, VOCABULARY } from '../helpers/score-fixture.js';

const CHUNK = 8;

type Fixed = readonly [file: 'model' | 'adapt', input: string, shape: readonly number[]];

/** An artifact whose graphs have the shapes of these inputs fixed. */
function written(write: (folder: string) => void, fixed: readonly Fixed[]): string {
  const folder = temporaryFolder();
  write(folder);
  for (const [file, input, shape] of fixed) {
    const path = join(folder, `${file}.onnx`);
    writeFileSync(path, fixAxes(readFileSync(path), input, shape, path).model);
  }
  return folder;
}

const counts = (folder: string) => writeCounts(folder, { chunk: CHUNK, steps: 2 });
const lag = (folder: string) => writeLag(folder, { chunk: CHUNK });
const pass = (folder: string) =>
  writeLag(folder, { chunk: CHUNK, reset: 'never', window: 'chunk' });

const cases: readonly (readonly [string, typeof counts, readonly Fixed[], number])[] = [
  ['a state of the adapt graph', counts, [['adapt', 'counts', [3, VOCABULARY]]], 3],
  ['ids of the score graph', counts, [['model', 'input_ids', [2, CHUNK]]], 2],
  ['targets', counts, [['adapt', 'targets', [8, CHUNK]]], 8],
  ['a state without an adapt graph', lag, [['model', 'before', [3]]], 3],
  ['ids, the last chunk of a document padded', lag, [['model', 'input_ids', [1, CHUNK]]], 1],
  ['a state in one pass', pass, [['model', 'before', [2]]], 2],
];

describe.each(cases)('the batch fixed by %s', (_, write, fixed, rows) => {
  test.each(['onnx-cpu', 'onnx-js'] as const)('%s: the totals of open axes', async (engine) => {
    const { docs } = await scoreFixture({ texts: seededTexts(8) });
    const given = { docs, engine, workers: 1 };
    const open = await score({ ...given, artifact: written(write, []) });
    const result = await score({ ...given, artifact: written(write, fixed) });
    expect(result.totals).toEqual(open.totals);
    expect(result.engine.batch).toEqual([rows, CHUNK]);
    expect(result.verification.verdict).toBe('pass');
  });
});

test('passes every probe', async () => {
  const { docs } = await scoreFixture({ texts: seededTexts(8) });
  const artifact = written(counts, [['adapt', 'counts', [3, VOCABULARY]]]);
  const { verdicts } = await probe({ artifact, docs, workers: 1 });
  expect(verdicts.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
});

test('a time axis whose padding would be carried on is refused', async () => {
  const { docs } = await scoreFixture({ texts: seededTexts(8) });
  const artifact = written(pass, [['model', 'input_ids', [1, CHUNK]]]);
  const error = await refusalOf(() => score({ artifact, docs }));
  expect(error).toMatchObject({ code: 'BPB_STATE_PORT', expected: 'a symbolic time axis' });
});
