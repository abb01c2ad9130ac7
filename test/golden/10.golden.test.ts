/**
 * What `bpb` prints, held against `golden.json`.
 *
 * A field that was removed, changed or added fails by its path. Where that is meant, renew the file
 * and read its difference:
 *
 *     npm run build && BPB_GOLDEN=renew npx vitest run test/golden
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operatorsOf } from '#bpb/engine/own-operators';
import { noGpu } from '../helpers/gpu.js';
import { CASES, type GoldenCase } from './cases.js';
import { finishFolder, goldenFolder, MAKE_CLAIM } from './folder.js';
import { differences, type Machine, type Recorded, record, run } from './record.js';

interface Golden {
  readonly machine: Machine;
  readonly cases: Record<string, Recorded>;
}

const FILE = fileURLToPath(new URL('./golden.json', import.meta.url));
const RENEW = process.env['BPB_GOLDEN'] === 'renew';
/** Runs side by side: each is short and mostly one thread. */
const RUNNERS = 2;

const found = new Map<string, Recorded>();
let machine: Machine;
let golden: Golden;
let folder: string;

const left = (each: GoldenCase) => each.cpuOnly === true && noGpu === '';

beforeAll(async () => {
  folder = await goldenFolder();
  const made = await run([...MAKE_CLAIM.split(' '), '--json'], folder);
  expect(made, made.stdout).toMatchObject({ code: 0 });
  const { engine } = JSON.parse(made.stdout);
  const { instruction_set, device, versions } = engine;
  const operators = [...operatorsOf('onnx-cpu', false, {})].join(', ');
  machine = { instruction_set, onnxruntime: versions.onnxruntime, device, operators };
  finishFolder(folder);

  const waiting = CASES.filter((each) => !left(each));
  const runner = async () => {
    for (let each = waiting.shift(); each !== undefined; each = waiting.shift()) {
      found.set(each.name, await record(each, folder));
    }
  };
  await Promise.all(Array.from({ length: RUNNERS }, runner));
  golden = JSON.parse(readFileSync(FILE, 'utf8')) as Golden;
  if (RENEW) {
    // What this machine leaves out stays as it was.
    const entries = CASES.map(({ name }) => [name, found.get(name) ?? golden.cases[name]]);
    golden = { machine, cases: Object.fromEntries(entries) };
    writeFileSync(FILE, `${JSON.stringify(golden, null, 2)}\n`);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('every pinned case is still run, by a name of its own', () => {
  expect(Object.keys(golden.cases)).toEqual(CASES.map(({ name }) => name));
});

for (const each of CASES) {
  test.skipIf(left(each))(each.name, () => {
    const pinned = golden.cases[each.name] ?? {};
    expect(differences(pinned, found.get(each.name)!, machine, golden.machine)).toEqual([]);
  });
}
