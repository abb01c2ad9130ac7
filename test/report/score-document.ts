/** A score as a reporter gets it, with hostile names in it, and one without a headline. */
import type { ReportDocuments } from '#bpb/report/reporter';
import { ruledBy } from './ruled.js';

export const HOSTILE = 'a|b<img src=x>`c`\n@team #1 [x](http://e.vil)\u001b[2J_d_ www.e.vil';

export const SHA = 'a'.repeat(64);
export const run = {
  harness: '0.1.0',
  commit: null,
  command: 'bpb',
  date: '2026-01-01T00:00:00.000Z',
};
export const shard = { file: 'fineweb_val_000000.bin', tokens: 1025, sha256: SHA };
export const window = {
  mode: 'chunk',
  seqLen: 32,
  stride: null,
  tail: 'drop',
  compat: null,
} as const;

export const verdicts: ReportDocuments['probe']['verdicts'] = [
  {
    name: 'batch',
    what: 'rows alone',
    effect: 1e-7,
    unit: 'nats',
    tolerance: 1e-5,
    verdict: 'pass',
    note: null,
  },
  {
    name: 'causality',
    what: 'changed',
    effect: 4.8e-7,
    unit: 'nats',
    tolerance: 1e-5,
    verdict: 'warn',
    note: `it moved: ${HOSTILE}`,
  },
  {
    name: 'graph',
    what: 'read',
    effect: 3,
    unit: 'operators',
    tolerance: 0,
    verdict: 'fail',
    note: HOSTILE,
  },
  {
    name: 'state',
    what: 'reset',
    effect: null,
    unit: null,
    tolerance: null,
    verdict: 'not_applicable',
    note: 'no state',
  },
];

export const score: ReportDocuments['score'] = {
  schema: 'bpb-result/1',
  status: 'scored',
  findings: [
    {
      id: 'worse-than-uniform',
      severity: 'warn',
      message: `${HOSTILE} is worse than a uniform guess over the bytes`,
      hint: null,
      accepted: false,
    },
  ],
  ...ruledBy(HOSTILE, SHA),
  score: {
    evidence: 'computed',
    val_loss: 2.07,
    val_bpb: 1.2245,
    bpb_original: null,
    bits_per_token: 2.98,
    stderr_bpb: 0.001,
    ci95_bpb: [1.2225, 1.2265],
    infinite_targets: 0,
    first_infinite: null,
  },
  totals: {
    targets: 1024,
    nats: 2119.68,
    nats_q30: '2275988000000',
    bytes: { lut: 2499, sidecar: null, decoded: 2500, original: 2500 },
    headline: 'lut',
    denominator: { confirmed_by: 'nobody', note: '--docs FILE confirms it' },
    documents_lossy: 0,
    documents_altered: 0,
  },
  coverage: {
    tokens: 1025,
    documents: 3,
    scored: 1024,
    repeated: 0,
    partial: true,
    part: [1, 2],
    skipped: [{ reason: 'tail', targets: 7 }],
  },
  window,
  artifact: {
    name: HOSTILE,
    sha256: SHA,
    model_sha256: SHA,
    bytes_counted: 123_456,
    bytes_limit: 16_000_000,
    within_limit: true,
    counted: [{ file: 'model.onnx.xz', bytes: 123_456, sha256: 'd'.repeat(64), role: 'model' }],
    not_counted: ['tokenizer'],
    uncounted: [],
    size_note: null,
    external_data: [],
  },
  tokenizer: {
    kind: 'byte260',
    vocab: 260,
    sha256: SHA,
    bos: 1,
    document_start: 1,
    normalizer_sha256: null,
  },
  data: { shards: [shard], sidecars: [], documents: null, known_as: null },
  engine: {
    name: 'onnx-cpu',
    provider: 'CPUExecutionProvider',
    device: 'cpu',
    precision: 'fp32',
    instruction_set: 'avx2',
    devices: ['cpu'],
    vocabulary: 260,
    batch: [8, 32],
    batch_tokens: 256,
    workers: 2,
    threads: 1,
    versions: {},
    device_to_host_bytes: null,
    tokens_input: 'input_ids',
    logits_output: 'logits',
    logits_are: 'logits',
    inputs: { attention_mask: { kind: 'ones', by: 'name' } },
    allowed_ops: [],
  },
  adaptive: null,
  verification: {
    rows: 1,
    seed: 7,
    mean_nats: 0,
    optimized: false,
    mean_abs_nats: 1.2e-7,
    max_abs_nats: 2e-7,
    tolerance_nats: 1e-5,
    verdict: 'pass',
    note: null,
  },
  optimization: null,
  ledger: null,
  files: [{ file: 'documents.csv', bytes: 100, sha256: SHA }],
  probes: verdicts,
  identity: { score: SHA, bits: SHA },
  time: {
    load_s: 0.1,
    score_s: 1.5,
    run_s: 1.2,
    nll_s: 0.1,
    verify_s: 0.1,
    total_s: 1.8,
    targets_per_s: 682,
  },
  notes: [
    `the state of ${HOSTILE} is a very long note that a terminal of eighty columns has to break`,
  ],
  run: { ...run, sha256: SHA },
};

export const withoutHeadline: ReportDocuments['score'] = {
  ...score,
  status: 'withheld',
  findings: [
    {
      id: 'infinite-targets',
      severity: 'fail',
      message: 'probability zero for 2 targets, the first at stream position 17',
      hint: `a model must give every token of ${HOSTILE} a finite logit, on the same line as the rest`,
      accepted: false,
    },
  ],
  score: { ...score.score, val_bpb: null, infinite_targets: 2, first_infinite: 17 },
};
