/**
 * Result documents of every kind, with names as a hostile artifact would choose them.
 */

import { inputError } from '#bpb/errors';
import type { Report, ReportDocuments } from '#bpb/report/reporter';
import type { LogClaim } from '#bpb/submission/claim/log-types';
import {
  everyRow,
  HOSTILE,
  run,
  SHA,
  score,
  shard,
  verdicts,
  window,
  withoutHeadline,
} from './score-document.js';

const INSTALL =
  'Install the CUDA provider of the version that is named, or run node scripts/setup-cuda.mjs';

const { status, findings, decided_by, totals, coverage, tokenizer, data, identity, notes } = score;
const claimed: ReportDocuments['claimed-score'] = {
  schema: 'bpb-result/1',
  score: { ...score.score, evidence: 'claimed' },
  ...{ status, findings, decided_by, totals, coverage, tokenizer, data, identity, notes },
  run: score.run,
  ledger: { file: 'run.jsonl', run: HOSTILE, hash: SHA },
  claim: {
    evaluator: HOSTILE,
    artifact_sha256: null,
    reset: 'never',
    result: 'withheld',
    updates: 3,
    targets: { file: 'targets.f32', sha256: SHA },
  },
  time: { total_s: 0.3 },
  seed: null,
  rules: null,
  window: null,
  artifact: null,
  engine: null,
  adaptive: null,
  verification: null,
  optimization: null,
  probes: null,
  generalisation: null,
  every_row: null,
  files: null,
};

const audit: ReportDocuments['audit'] = {
  schema: 'bpb-audit/1',
  verdict: 'fail',
  findings: [
    {
      check: 'table-space-twice',
      severity: 'fail',
      detail: HOSTILE,
      explanation: 'The space before a word is counted by its piece and once more by the rule.',
      remedy: 'Strip one leading mark before counting.',
      effect: { bytes: 1.167, bpb: 0.857 },
      examples: [],
    },
    {
      check: 'documents-crlf',
      severity: 'info',
      detail:
        'two documents have carriage returns at the ends of their lines, as they were published',
      explanation: '',
      remedy: '',
      effect: null,
      examples: [],
    },
  ],
  tokenizer: null,
  measured: null,
  documents: null,
  shards: null,
  sidecar: null,
  training: null,
  source: {
    path: HOSTILE,
    files: [HOSTILE],
    layers: 1,
    parts: [
      { part: 'table', verdict: 'pass', reason: 'as counted by the rule', line: null, file: null },
      { part: 'aggregation', verdict: 'fail', reason: HOSTILE, line: 12, file: HOSTILE },
      { part: 'coverage', verdict: 'warn', reason: HOSTILE, line: 1_234, file: null },
      { part: 'sidecar', verdict: 'not_judged', reason: HOSTILE, line: 7, file: null },
      { part: 'constants', verdict: 'not_judged', reason: 'no run', line: null, file: null },
    ],
    judged: 3,
    could_not_judge: [HOSTILE],
  },
  totals: null,
  mistakes: [],
  checks: [],
  time: { total_s: 0.5, bytes_per_s: null },
  run,
};

const printed = (value: number) => ({
  ...{ text: String(value), value, halfUnit: 5e-9 },
  ...{ low: value - 5e-9, high: value + 5e-9 },
});
const claim: ReportDocuments['claim']['claim'] = {
  valLoss: printed(2.07234577),
  valBpb: printed(1.2273599),
  tokens: 62_021_632,
  family: 'sp1024',
  bytesPerToken: { low: 2.43592, high: 2.43594 },
  bytes: null,
  fits: [
    {
      kind: 'mistake',
      name: 'leading space counted twice, with a name that is longer than one line can be',
      id: 'leading-space-twice',
      family: 'sp1024',
      window: 'any',
      role: 'mistake',
      deviation: 1e-6,
      tolerance: 1e-5,
      expected: { low: 2.43592, high: 2.43594 },
      gives: { low: 1.22735, high: 1.22737 },
      explanation: 'bytes are too many',
      remedy: 'Strip one leading mark before counting.',
      source: 'measured',
    },
  ],
  others: [
    {
      ...{ kind: 'set', name: HOSTILE, id: 'a-set', deviation: -0.0123 },
      ...{ expected: { low: 2.5, high: 2.6 }, gives: { low: 1.15, high: 1.2 } },
    },
  ],
  nearest: null,
  verdict: 'mistake',
  explanation: 'The claim fits a known mistake.',
};

const final = {
  line: {
    lineNumber: 12,
    label: HOSTILE,
    valLoss: '2.07234577',
    valBpb: '1.22735990',
    role: 'final',
    extras: {},
    text: '',
  },
  claim,
  exactLine: null,
  window: { mode: 'standard', by: 'label' },
  run: 1,
  counted: true,
} as const;

const log: LogClaim = {
  path: HOSTILE,
  facts: {
    ...{ valTokens: null, trainShards: null, trainSeqLen: null, evalSeqLen: null, stride: null },
    ...{ vocabSize: null, worldSize: null, seed: null, documents: null, tokenizerKind: null },
    ...{ tokenizerPath: null, dataPath: null, sidecar: false, evalMode: null, sizes: [] },
  },
  family: null,
  finals: [final],
  headline: final,
  findings: [
    { check: 'size', severity: 'fail', line: 3, explanation: HOSTILE, remedy: 'Make it smaller.' },
  ],
};

const refusal = {
  code: 'BPB_LOG_NO_SCORE',
  message: HOSTILE,
  path: HOSTILE,
  expected: 'a score line',
  actual: HOSTILE,
  hint: 'Give the log of the run itself.',
} as const;

const inputs: Extract<ReportDocuments['claim'], { inputs: unknown }> = {
  schema: 'bpb-claim/1',
  verdict: 'fail',
  inputs: [
    { path: HOSTILE, kind: 'log', verdict: 'fail', sameAs: HOSTILE, error: null },
    { path: HOSTILE, kind: null, verdict: 'not_judged', sameAs: null, error: refusal },
    { path: HOSTILE, kind: null, verdict: 'skipped', sameAs: null, error: refusal },
  ],
  logs: [log],
  summaries: [
    {
      path: HOSTILE,
      family: 'sp1024',
      verdict: 'fail',
      explanation: 'The val_loss 2.0724 is not the mean of its 3 seeds.',
      scores: [
        {
          ...{ name: 'seed 42', seed: '42', role: 'seed', valLoss: '2.07', valBpb: '1.22' },
          ...{ claim, error: null, log: { path: HOSTILE, line: 448 } },
        },
        {
          ...{ name: HOSTILE, seed: null, role: 'other', valLoss: '', valBpb: '1.22' },
          ...{ claim: null, error: null, log: null },
        },
      ],
      means: [
        {
          ...{ figure: 'val_bpb', seeds: 3, mean: 1.2273599, deviation: 0.000123 },
          ...{ statedMean: '1.2274', statedDeviation: '0.0002' },
        },
      ],
      findings: [{ check: 'log', severity: 'warn', explanation: HOSTILE, remedy: HOSTILE }],
    },
  ],
  tables: [
    {
      path: HOSTILE,
      format: 'csv',
      verdict: 'fail',
      counts: { pass: 0, fail: 1, not_judged: 1 },
      rows: [
        {
          ...{ row: 1, line: 2, name: 'a run', valLoss: '2.07234577', valBpb: '1.22735990' },
          ...{ verdict: 'fail', claim, error: null },
        },
        {
          ...{ row: 2, line: 3, name: HOSTILE, valLoss: '', valBpb: '1.22735990' },
          ...{ verdict: 'not_judged', claim: null, error: refusal },
        },
      ],
    },
  ],
  means: [
    {
      ...{ folder: HOSTILE, label: HOSTILE, logs: [HOSTILE], scores: 3, repeated: 1 },
      ...{ valLoss: { mean: 2.07, deviation: 0.01 }, valBpb: { mean: 1.22, deviation: null } },
    },
  ],
};

const probe: ReportDocuments['probe'] = {
  schema: 'bpb-probe/1',
  verdict: 'fail',
  verdicts,
  findings: withoutHeadline.findings,
  artifact: { name: HOSTILE, sha256: SHA, model_sha256: SHA },
  data: null,
  window,
  decided_by: score.decided_by,
  rules: score.rules,
  engine: null,
  noise_nats: 1e-7,
  seed: 1,
  thorough: false,
  every_row: { ...everyRow, leak_at_most: 0.0046, moved_cuts: 0, worst: null },
  notes: [HOSTILE],
  seconds: 1.5,
  run,
};

const ledger: ReportDocuments['ledger'] = {
  schema: 'bpb-probe/1',
  verdict: 'fail',
  verdicts,
  ledger: {
    file: HOSTILE,
    evaluator: HOSTILE,
    tokens: 1025,
    documents: 3,
    stream_sha256: null,
    artifact: null,
    reset: 'never',
    lines: 12,
    scored: 1024,
    updates: 3,
    nats_q30: '0',
    hash: SHA,
    run: HOSTILE,
    result: 'none',
    result_sha256: null,
  },
  violations: [{ code: 'BPB_LEDGER_TWICE', line: 7, message: HOSTILE, targets: null, document: 0 }],
};

const tokenize: ReportDocuments['tokenize'] = {
  schema: 'bpb-tokenize/1',
  split: 'val',
  directory: HOSTILE,
  tokens: 1025,
  documents: {
    source: 'docs.jsonl',
    count: 3,
    sha256: SHA,
    file_sha256: SHA,
    lossy: 1,
    byte_order_mark: false,
    partial: true,
  },
  bytes: { original: 2500, decoded: 2499, sidecar: null },
  documents_short: null,
  tokenizer: { kind: 'byte260', vocab: 260, sha256: SHA, case_operators: false, document_start: 1 },
  shards: [shard],
  sidecars: [],
  time: { total_s: 0.5, bytes_per_s: 5000 },
  run,
};

const doctor: ReportDocuments['doctor'] = {
  schema: 'bpb-doctor/1',
  harness: '0.1.0',
  cpu: true,
  gpu: false,
  gpu_lacks: [],
  gpus: [],
  findings: [
    {
      name: 'Node',
      for: 'cpu',
      found: true,
      detail: '20.20.2 on linux-x64',
      hint: null,
      mend: null,
    },
    {
      name: 'CUDA provider',
      for: 'gpu',
      found: false,
      detail: HOSTILE,
      hint: INSTALL,
      mend: INSTALL,
    },
  ],
};

const verify: ReportDocuments['verify'] = {
  schema: 'bpb-verify/1',
  verdict: 'failed',
  why: `a check fails: ${HOSTILE}`,
  result: {
    file: HOSTILE,
    sha256: SHA,
    status: 'scored',
    evidence: 'computed',
    val_bpb: 1.2245,
    val_loss: 2.07,
    partial: true,
    part: [1, 2],
    artifact: { name: HOSTILE, sha256: SHA },
    verification: 'skipped',
    harness: '0.1.0',
  },
  checks: [
    {
      name: 'run-hash',
      what: 'it holds',
      verdict: 'pass',
      expected: null,
      found: null,
      note: null,
    },
    { name: 'size', what: 'small', verdict: 'pass', expected: null, found: null, note: HOSTILE },
    {
      name: 'documents',
      what: 'the sums of documents.csv are the totals',
      verdict: 'fail',
      expected: HOSTILE,
      found: `${HOSTILE} of targets`,
      note: HOSTILE,
    },
    {
      name: 'targets',
      what: 'nats',
      verdict: 'not_checked',
      expected: null,
      found: null,
      note: HOSTILE,
    },
  ],
  rows: {
    unit: 'rows',
    drawn: 16,
    of: 312,
    scored: 16,
    targets: 16_384,
    seed: 4_294_967_295,
    mean_nats: 1e-8,
    mean_abs_nats: 1.3e-7,
    worst_abs_nats: 2e-7,
    tolerance_nats: 1e-5,
    unit_tolerance_nats: 1e-4,
    differ_at_most: 0.25,
  },
  time: { total_s: 1.2 },
  run,
};

const init: ReportDocuments['init'] = {
  schema: 'bpb-init/1',
  file: `${HOSTILE}/artifact.json`,
  replaced: false,
  manifest: { format: 'bpb-artifact/1' },
  found: [{ what: 'model', value: HOSTILE, how: 'as named' }],
  unknown: [{ what: 'counted', message: 'no training script is here', hint: HOSTILE }],
  size: { bytes_counted: 1000, bytes_limit: 16_000_000 },
  commands: { score: `bpb score ${HOSTILE}`, probe: 'bpb probe exported' },
  run,
};

const error = inputError('BPB_ARTIFACT_MISSING', {
  message: 'there is no artifact',
  path: HOSTILE,
  expected: 'a directory with artifact.json, or an .onnx file',
  actual: 'nothing',
  hint: 'Give the path of an artifact.',
});

/** One of each kind, and a score without a headline. */
export const REPORTS: readonly Report[] = [
  { kind: 'score', document: score },
  { kind: 'score', document: withoutHeadline },
  { kind: 'claimed-score', document: claimed },
  { kind: 'audit', document: audit },
  { kind: 'claim', document: { schema: 'bpb-claim/1', verdict: 'fail', claim } },
  { kind: 'claim', document: inputs },
  { kind: 'probe', document: probe },
  { kind: 'ledger', document: ledger },
  { kind: 'tokenize', document: tokenize },
  { kind: 'doctor', document: doctor },
  { kind: 'verify', document: verify },
  { kind: 'init', document: init },
  { kind: 'error', document: error },
];
