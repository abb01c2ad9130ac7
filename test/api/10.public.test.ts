import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import * as bpb from '#bpb/index';
import { workshop } from '../helpers/workshop.js';

const page = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), 'utf8');

test('from files to a score by the public functions alone', async () => {
  const w = await workshop();
  const artifact = await bpb.loadArtifact(w.model);
  const tokenizer = bpb.loadTokenizer('byte260');
  const data = await bpb.openData({ tokenizer, docs: w.docs, workers: 1 });
  const options = { mode: 'chunk', seqLen: 32, stride: null, tail: 'drop', compat: null } as const;
  const plan = bpb.planWindows(data.stream, options);
  const result = await bpb.score({
    artifact: w.model,
    tokenizer: 'byte260',
    docs: w.docs,
    window: 'chunk',
    seqLen: 32,
  });
  expect(artifact.model.graph.outputs[0]!.name).toBe('logits');
  expect(result.totals.targets).toBe(plan.scored);
  expect(result.coverage.tokens).toBe(data.stream.ids.length);
});

test('the documented exit codes are those of the code', () => {
  const rows = page('docs/result.md').matchAll(/^\| (\d+) \| /gm);
  const documented = Array.from(rows, (row) => Number(row[1])).sort((a, b) => a - b);
  const own = [0, ...Object.values(bpb.EXIT_CODES)].sort((a, b) => a - b);
  expect(documented).toEqual(own);
});

test('every field of a result is documented', async () => {
  const w = await workshop();
  const options = { tokenizer: 'byte260', docs: w.docs, window: 'chunk', seqLen: 32 } as const;
  const result = await bpb.score({ artifact: w.model, ...options });
  const text = page('docs/result.md');
  const fields = [
    ...Object.keys(result),
    ...Object.keys(result.score),
    ...Object.keys(result.coverage),
  ];
  expect(fields.filter((field) => !text.includes(field))).toEqual([]);
});
