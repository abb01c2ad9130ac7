/**
 * The public API: a documented function for each command, and the types that its signatures name.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import * as bpb from '#bpb/index';
import { scoreFixture } from '../helpers/score-fixture.js';
import { type PublicApi, publicApi } from './public.js';

let api: PublicApi;

beforeAll(() => {
  api = publicApi();
});

const page = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

test('from files to a score by the public functions alone', async () => {
  const w = await scoreFixture();
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

test('every command has a function of its name', () => {
  const commands = readdirSync(new URL('../../src/cli', import.meta.url)).flatMap((file) => {
    const text = page(`src/cli/${file}`);
    return Array.from(
      text.matchAll(/new Command\('(\w+)'\)|\bname: '(\w+)'/g),
      (m) => m[1] ?? m[2],
    );
  });
  const named = new Set(commands.filter((name) => name !== 'bpb'));
  expect([...named].sort()).toEqual([
    ...['audit', 'claim', 'doctor', 'init', 'probe', 'score', 'tokenize', 'verify'],
  ]);
  for (const name of named) expect(Object.keys(bpb)).toContain(name);
});

test('the header of the index names every function', () => {
  const header = /^\/\*\*[\s\S]*?\*\//.exec(page('src/index.ts'))![0];
  const missing = api.functions.filter(({ name }) => !header.includes(`\`${name}\``));
  expect(missing.map(({ name }) => name)).toEqual([]);
});

test('every public function has an example', () => {
  expect(api.functions.length).toBeGreaterThanOrEqual(10);
  const without = api.functions.filter(({ examples }) => !examples.some((text) => text.length > 0));
  expect(without.map(({ name }) => name)).toEqual([]);
});

test('every type that a public signature names is exported, and no type that none leads to', () => {
  const named = new Set(api.functions.flatMap(({ types }) => types));
  expect([...named].filter((name) => !api.types.includes(name))).toEqual([]);
  expect(api.types.filter((name) => !api.reachable.has(name))).toEqual([]);
});

test('the documented exit codes are those of the code', () => {
  const rows = page('docs/result.md').matchAll(/^\| (\d+) \| /gm);
  const documented = Array.from(rows, (row) => Number(row[1])).sort((a, b) => a - b);
  const own = [0, ...Object.values(bpb.EXIT_CODES)].sort((a, b) => a - b);
  expect(documented).toEqual(own);
});
