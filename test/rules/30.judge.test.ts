/** Verdicts of rules on a finished result: each rule broken in two ways, and kept. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ScoreFacts } from '#bpb/rules/facts';
import { judgeProbed, judgeRules } from '#bpb/rules/judge';
import { loadRules } from '#bpb/rules/load';
import type { Rules } from '#bpb/rules/schema';
import { reportOf, ruleFindings } from '#bpb/rules/verdict';
import { fileFolder } from '../helpers/folder.js';

const path = join(fileFolder(), 'rules.json');
const [A, B, C] = ['a', 'b', 'c'].map((letter) => letter.repeat(64)) as [string, string, string];

function rulesOf(said: object): Rules {
  writeFileSync(path, JSON.stringify({ format: 'bpb-rules/1', name: 'mine', ...said }));
  return loadRules(path).rules;
}

/** A run of chunks over all but a tail of one target, with everything done that can be asked for. */
const FACTS: ScoreFacts = {
  window: { mode: 'chunk', seqLen: 1024, stride: null, tail: 'drop', compat: null },
  tokenizer: { sha256: A, bos: 1, document_start: 1, normalizer_sha256: B },
  artifact: { bytes_counted: 900, not_counted: ['tokenizer'], uncounted: [] },
  totals: { denominator: { confirmed_by: 'documents' }, documents_altered: 0 },
  coverage: { tokens: 2050, documents: 3, scored: 2048, partial: false, part: null },
  data: {
    shards: [{ tokens: 2050, sha256: A }],
    documents: { sha256: B, bytes: 5000 },
    known_as: { name: 'sotu-val' },
  },
  verification: { verdict: 'pass', rows: 2 },
  probes: [
    { name: 'finite', verdict: 'pass' },
    { name: 'state', verdict: 'not_applicable' },
  ],
  generalisation: { verdict: 'pass' },
  findings: [],
  decided_by: {},
};

type Change = { [Field in keyof ScoreFacts]?: Partial<ScoreFacts[Field]> | ScoreFacts[Field] };

function factsOf(change: Change): ScoreFacts {
  const entries = Object.entries(FACTS).map(([field, value]) => {
    const changed = change[field as keyof ScoreFacts];
    const merges = changed !== null && typeof changed === 'object' && !Array.isArray(changed);
    return [
      field,
      changed === undefined ? value : merges ? { ...(value as object), ...changed } : changed,
    ];
  });
  return Object.fromEntries(entries) as ScoreFacts;
}

const failedOf = (rules: Rules, facts: ScoreFacts) =>
  judgeRules(rules, facts).filter(({ verdict }) => verdict === 'fail');

describe.each<[string, object, Change[], Change[]]>([
  [
    'window',
    { windows: { modes: ['chunk', 'sliding'] } },
    [{ window: { mode: 'document' } }],
    [{}],
  ],
  [
    'seq-len',
    { windows: { seqLen: { min: 1024, max: 2048 } } },
    [{ window: { seqLen: 1023 } }, { window: { seqLen: 2049 } }],
    [{}, { window: { seqLen: 2048 } }],
  ],
  [
    'stride',
    { windows: { stride: [64, 1024] } },
    [{ window: { mode: 'sliding', stride: 65 } }, { window: { mode: 'document', seqLen: 512 } }],
    [{}, { window: { mode: 'sliding', stride: 64 } }, { window: { mode: 'document' } }],
  ],
  [
    'tail',
    { windows: { tail: ['score'] } },
    [{}, { window: { mode: 'sliding', stride: 1 } }],
    [{ window: { tail: 'score' } }, { window: { mode: 'document' } }],
  ],
  [
    'compat',
    { windows: { compat: ['none'] } },
    [{ window: { mode: 'sliding', stride: 64, compat: 'sliding-2026-03-19' } }],
    [{}],
  ],
  [
    'document-start',
    { documentStart: ['bos', 5] },
    [
      { tokenizer: { document_start: 0 } },
      { tokenizer: { document_start: 'none' } },
      { tokenizer: { document_start: null, bos: null } },
    ],
    [{}, { tokenizer: { document_start: 5 } }],
  ],
  [
    'data',
    { data: [{ known: 'sotu-val' }] },
    [{ data: { known_as: null } }, { data: { known_as: { name: 'fineweb-val-50k' } } }],
    [{}],
  ],
  [
    'data',
    { data: [{ documents: 3, tokens: 2050, bytes: 5000 }, { tokens: 7 }] },
    [
      { coverage: { documents: 2 } },
      { coverage: { tokens: 2049 } },
      { data: { documents: null } },
      { data: { documents: { sha256: B, bytes: 4999 } } },
    ],
    [{}, { coverage: { tokens: 7 } }],
  ],
  [
    'data',
    { data: [{ shards: [A] }] },
    [
      { data: { shards: [] } },
      { data: { shards: [{ tokens: 2050, sha256: B }] } },
      { data: { shards: [...FACTS.data.shards, { tokens: 0, sha256: A }] } },
      // The first documents of the right shard.
      { coverage: { tokens: 2000 } },
    ],
    [{}],
  ],
  [
    'data',
    { data: [{ documentsSha256: B }] },
    [
      { data: { documents: null } },
      { data: { documents: { sha256: A, bytes: 5000 } } },
      { coverage: { partial: true } },
      { coverage: { partial: true, part: [1, 2] }, decided_by: { limit_docs: 'caller' } },
    ],
    [{}, { coverage: { partial: true, part: [1, 2] } }],
  ],
  [
    'tokenizer',
    { tokenizers: { named: [{ name: 'mine', sha256: A }] } },
    [{ tokenizer: { sha256: B } }, { tokenizer: { sha256: C } }],
    [{}],
  ],
  [
    'tokenizer',
    { tokenizers: { named: [{ name: 'mine', sha256: B }], others: ['documents'] } },
    [
      { totals: { denominator: { confirmed_by: 'known-set' } } },
      { totals: { denominator: { confirmed_by: 'nobody' } } },
      { totals: { denominator: { confirmed_by: 'caller' } } },
    ],
    [{}, { tokenizer: { sha256: B }, totals: { denominator: { confirmed_by: 'nobody' } } }],
  ],
  [
    'normalizer',
    { normalizers: [C] },
    [
      { totals: { documents_altered: 1 } },
      { totals: { documents_altered: 3 }, tokenizer: { normalizer_sha256: null } },
    ],
    [
      {},
      { totals: { documents_altered: null } },
      { totals: { documents_altered: 3 }, tokenizer: { normalizer_sha256: C } },
    ],
  ],
  [
    'size',
    { size: { limit: 900, counted: ['model', 'code'] } },
    [
      { artifact: { bytes_counted: 901 } },
      { artifact: { not_counted: ['code'] } },
      { artifact: { not_counted: ['model', 'tokenizer'] } },
    ],
    [{}],
  ],
  [
    'size',
    { size: { limit: 1e9, counted: ['tokenizer'] } },
    [{}],
    [{ artifact: { not_counted: ['code'] } }],
  ],
  [
    'uncounted',
    { size: { limit: 1e9, counted: ['model'], uncounted: 'refused' } },
    [{ artifact: { uncounted: ['table.bin'] } }, { artifact: { uncounted: ['a', 'b', 'c', 'd'] } }],
    [{}],
  ],
  [
    'coverage',
    { coverage: { least: 0.999 } },
    [
      { coverage: { scored: 2040 } },
      { coverage: { tokens: 1, scored: 0 } },
      // All of the first documents, of nobody knows how many.
      { coverage: { partial: true } },
      { coverage: { partial: true, part: [1, 1] }, decided_by: { limit_docs: 'caller' } },
    ],
    [{}, { coverage: { scored: 2049 } }, { coverage: { partial: true, part: [1, 1] } }],
  ],
  [
    'probes',
    { required: ['probes'] },
    [
      { probes: null },
      { probes: [] },
      { probes: [{ name: 'causality', verdict: 'fail' }] },
      { probes: [{ name: 'state', verdict: 'not_applicable' }] },
    ],
    [{}, { probes: [{ name: 'causality', verdict: 'warn' }] }],
  ],
  [
    'verification',
    { required: ['verification'] },
    [
      { verification: { verdict: 'skipped', rows: 0 } },
      { verification: { verdict: 'not_possible', rows: 0 } },
      { verification: { verdict: 'fail', rows: 1 } },
    ],
    [{}],
  ],
  [
    'control',
    { required: ['control'] },
    [
      { generalisation: null },
      { generalisation: { verdict: 'not_judged' } },
      { generalisation: { verdict: 'fail' } },
    ],
    [{}],
  ],
  [
    'every-row',
    { required: ['every-row'] },
    [
      { probes: [{ name: 'every-row', verdict: 'fail' }] },
      { probes: [{ name: 'causality', verdict: 'pass' }] },
      { probes: null },
      {},
    ],
    [
      { probes: [{ name: 'every-row', verdict: 'pass' }] },
      { probes: [{ name: 'every-row', verdict: 'not_applicable' }] },
    ],
  ],
  [
    'accepted',
    { accept: ['equal-shards'] },
    [
      { findings: [{ id: 'no-document-start', accepted: true }] },
      { findings: ['equal-shards', 'x'].map((id) => ({ id, accepted: true })) },
    ],
    [
      {},
      {
        findings: [
          { id: 'equal-shards', accepted: true },
          { id: 'x', accepted: false },
        ],
      },
    ],
  ],
  [
    'accepted',
    { coverage: { least: 0.5 } },
    [{ findings: [{ id: 'equal-shards', accepted: true }] }],
    [{}],
  ],
])('%s by %j', (rule, said, broken, kept) => {
  const rules = rulesOf(said);

  test.each(broken.map((change) => [change]))('is broken by %j', (change) => {
    const failed = failedOf(rules, factsOf(change));
    expect(failed.map((each) => each.rule)).toEqual([rule]);
    expect(failed[0]!.expected).toMatch(/./);
    expect(failed[0]!.found).toMatch(/./);
    const [finding] = ruleFindings(reportOf({ source: path, sha256: A, rules }, failed));
    expect(finding).toMatchObject({ id: `rules-${rule}`, severity: 'fail', accepted: false });
    expect(finding!.message).toContain('mine');
    expect(finding!.hint).toMatch(/./);
  });

  test.skipIf(kept.length === 0).each(kept.map((change) => [change]))('is kept by %j', (change) => {
    const verdicts = judgeRules(rules, factsOf(change));
    expect(verdicts.find((each) => each.rule === rule)).toMatchObject({ verdict: 'pass' });
    expect(failedOf(rules, factsOf(change))).toEqual([]);
  });
});

test('every rule has a verdict, and rules that say nothing of it have none', () => {
  const names = (said: object) => judgeRules(rulesOf(said), FACTS).map(({ rule }) => rule);
  expect(names({ coverage: { least: 1 } })).toEqual(['coverage', 'accepted']);
  expect(names({ windows: { modes: ['chunk'] }, size: { limit: 1, counted: ['model'] } })).toEqual([
    'window',
    'size',
    'accepted',
  ]);
});

test('a probe judges what it knows', () => {
  const rules = loadRules('parameter-golf').rules;
  const report = { ...FACTS, artifact: { ...FACTS.artifact, uncounted: null } };
  expect(judgeProbed(rules, report).map(({ rule }) => rule)).toEqual([
    'window',
    'compat',
    'document-start',
    'size',
  ]);
  const named = rulesOf({ tokenizers: { named: [{ name: 'other', sha256: C }] } });
  expect(judgeProbed(named, report)).toMatchObject([{ rule: 'tokenizer', verdict: 'fail' }]);
});
