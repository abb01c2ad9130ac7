/**
 * The tables of result fields in docs/, compared with real results of every command.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exampleInputs, type Inputs } from './inputs.js';
import { pathsOf } from './paths.js';
import { allResults, type Results } from './results.js';
import { differences, tableOf } from './tables.js';

interface Table {
  readonly page: string;
  readonly title: string;
  /** The results of `allResults` that it describes. */
  readonly of: string;
  /** A table whose fields these results have as well. */
  readonly beside?: readonly [page: string, title: string];
  /** Fields that no small run on any machine has; by the reason. */
  readonly unseen?: Readonly<Record<string, readonly string[]>>;
}

const files = (path: string) => [`${path}.file`, `${path}.tokens`, `${path}.sha256`];

const TABLES: readonly Table[] = [
  {
    page: 'result.md',
    title: 'Fields of a score',
    of: 'score',
    unseen: {
      'needs a case-operator tokenizer': files('data.sidecars[]'),
      'needs the documents of a known set': ['data.known_as.name', 'data.known_as.by'],
      'needs a graph with something to rewrite': [
        'optimization.rewrites[].name',
        'optimization.rewrites[].count',
      ],
    },
  },
  {
    page: 'result.md',
    title: 'Fields of a claimed score',
    of: 'claimed',
    beside: ['result.md', 'Fields of a score'],
  },
  { page: 'result.md', title: 'Fields of an error', of: 'error' },
  { page: 'verify.md', title: 'Fields of a verification report', of: 'verify' },
  {
    page: 'probe.md',
    title: 'Fields of a probe report',
    of: 'probe',
    unseen: {
      'needs a graph with quantized weights or activations': [
        ...['id', 'severity', 'message', 'hint', 'accepted'].map((name) => `findings[].${name}`),
      ],
    },
  },
  { page: 'ledger.md', title: 'Fields of a ledger report', of: 'ledger' },
  {
    page: 'audit.md',
    title: 'Fields of an audit report',
    of: 'audit',
    unseen: {
      'needs a case-operator tokenizer': [
        ...files('sidecar.files[]'),
        ...['sidecar.entries', 'sidecar.sum', 'sidecar.confirmed'],
      ],
      'needs the shards of a known set': [
        ...['shards.known_as.name', 'shards.known_as.by', 'shards.known_as.caution'],
      ],
      'needs a tokenizer that breaks the rule': [
        ...['id', 'piece', 'table', 'measured'].map((name) => `measured.mismatches[].${name}`),
      ],
    },
  },
  { page: 'claim.md', title: 'Fields of a claim report', of: 'claim' },
  {
    page: 'tokenize.md',
    title: 'Fields of a tokenize result',
    of: 'tokenize',
    unseen: { 'needs a case-operator tokenizer': files('sidecars[]') },
  },
  { page: 'init.md', title: 'Fields of an init report', of: 'init' },
  {
    page: 'doctor.md',
    title: 'Fields of a doctor report',
    of: 'doctor',
    unseen: {
      'needs a GPU': ['device', 'name', 'compute_capability', 'memory_bytes'].map(
        (name) => `gpus[].${name}`,
      ),
    },
  },
];

let inputs: Inputs;
let results: Results;

beforeAll(async () => {
  inputs = await exampleInputs();
  results = await allResults(inputs);
});

afterAll(() => inputs.remove());

test('every kind of result has a table', () => {
  expect(TABLES.map(({ of }) => of).sort()).toEqual(Object.keys(results).sort());
});

describe.each(TABLES)('$page: $title', ({ page, title, of, beside, unseen = {} }) => {
  const rows = tableOf(page, title);
  const shared = beside === undefined ? [] : tableOf(...beside);
  const unseenPaths = new Set(Object.values(unseen).flat());
  const faults = (own: typeof rows) =>
    differences(own, shared, results[of]!).filter(
      (fault) => !unseenPaths.has(fault.replace('in no result: ', '')),
    );

  test('documents every field, and no other', () => {
    expect(rows.length).toBeGreaterThan(3);
    expect(faults(rows)).toEqual([]);
  });

  test('names no field as unseen that is not documented', () => {
    const documented = rows.flat().map(({ path }) => path);
    expect([...unseenPaths].filter((path) => !documented.includes(path))).toEqual([]);
  });

  test('a row that is deleted is missed, and so is one that is made up', () => {
    // A row of objects alone says when they are null, which no result here has to show.
    const leaves = new Set(results[of]!.flatMap((result) => [...pathsOf(result).leaves]));
    const deleted = rows.filter((row) =>
      row.some(({ path }) => path.includes('*') || leaves.has(path)),
    );
    expect(deleted.length).toBeGreaterThan(3);
    for (const row of deleted) {
      // A field that another table has as well is still documented without it.
      const own = row.filter(({ path }) => !shared.flat().some((other) => other.path === path));
      if (own.length > 0)
        expect(faults(rows.filter((other) => other !== row)), own[0]!.path).not.toEqual([]);
    }
    const made = [{ path: 'made.up', optional: false }];
    expect(faults([...rows, made])).toEqual(['in no result: made.up']);
  });
});
