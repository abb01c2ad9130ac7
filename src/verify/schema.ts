/**
 * Schema of `bpb-result/1` as far as verification reads it: fields that a later version adds are let pass.
 */
import { z } from 'zod';
import { LOGITS_KINDS } from '../onnx/bind/types.js';
import { WINDOW_MODES } from '../windows/options.js';

const count = z.int().min(0);
const nats = z.number().min(0);
const sha256 = z.custom<string>(
  (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
  { error: 'a sha256 of 64 hexadecimal digits' },
);
const q30 = z.custom<string>((value) => typeof value === 'string' && /^\d{1,40}$/.test(value), {
  error: 'a decimal integer in quotes',
});
const seed = count.max(2 ** 32 - 1);
const file = z.looseObject({ file: z.string(), tokens: count, sha256 });
const optionalFiles = z
  .array(z.looseObject({ file: z.string(), bytes: count, sha256 }))
  .nullable()
  .optional();

const comparedSet = {
  documents: count,
  different: count,
  targets: count,
  bytes: count,
  bpb: z.number().min(0).nullable(),
};

/** The comparison with a control set. */
const generalisation = z.looseObject({
  verdict: z.enum(['pass', 'fail', 'not_judged']),
  note: z.string().nullable(),
  accounting: z.enum(['lut', 'sidecar', 'decoded', 'original']),
  validation: z.looseObject(comparedSet),
  control: z.looseObject({
    ...comparedSet,
    ...{ source: z.string(), sha256, tokens: count, left_out: count, infinite_targets: count },
  }),
  difference_bpb: z.number().nullable(),
  ci95_bpb: z.tuple([z.number(), z.number()]).nullable(),
  margin_bpb: z.number().min(0).nullable(),
  p: z.number().min(0).nullable(),
  permutations: count.nullable(),
  seed,
});

const finding = z.looseObject({
  id: z.string(),
  severity: z.enum(['fail', 'warn', 'note']),
  message: z.string(),
  accepted: z.boolean(),
});

/** What a score and a claimed score have in common. */
const common = {
  schema: z.literal('bpb-result/1'),
  status: z.enum(['scored', 'withheld']),
  findings: z.array(finding),
  totals: z.looseObject({
    targets: count,
    nats,
    nats_q30: q30,
    bytes: z.looseObject({
      lut: count,
      sidecar: count.nullable(),
      decoded: count.nullable(),
      original: count.nullable(),
    }),
    headline: z.enum(['lut', 'sidecar']),
    denominator: z.looseObject({ confirmed_by: z.string() }).optional(),
    documents_lossy: count.nullable(),
  }),
  coverage: z.looseObject({
    tokens: count,
    documents: count,
    scored: count,
    repeated: count,
    partial: z.boolean(),
    part: z
      .tuple([count.min(1), count.min(1)])
      .nullable()
      .optional(),
    skipped: z.array(z.looseObject({ reason: z.string(), targets: count })),
  }),
  tokenizer: z.looseObject({
    kind: z.string(),
    vocab: count,
    sha256,
    bos: count.nullable(),
    document_start: z.union([count, z.literal('none')]).nullable(),
    normalizer_sha256: z.string().nullable().optional(),
  }),
  data: z.looseObject({
    shards: z.array(file),
    sidecars: z.array(file),
    documents: z.looseObject({ source: z.string(), sha256 }).nullable(),
    known_as: z.looseObject({ name: z.string() }).nullable(),
  }),
  identity: z.looseObject({ score: sha256, bits: sha256 }),
  rules: z
    .looseObject({
      sha256,
      verdicts: z.array(z.looseObject({ rule: z.string(), verdict: z.enum(['pass', 'fail']) })),
    })
    .nullable()
    .optional(),
  files: optionalFiles,
  run: z.looseObject({
    harness: z.string(),
    commit: z.string().nullable(),
    command: z.string(),
    date: z.string(),
    sha256,
  }),
};

const figures = {
  val_loss: nats.nullable(),
  val_bpb: nats.nullable(),
  bpb_original: nats.nullable(),
  bits_per_token: nats.nullable(),
  stderr_bpb: nats.nullable(),
  ci95_bpb: z.tuple([z.number(), z.number()]).nullable(),
  infinite_targets: count,
  first_infinite: count.nullable(),
};

/** Older results have none. */
const everyRow = z.looseObject({
  seed,
  cuts_per_row: count.min(1),
  rows: count,
  rows_without_later_input: count,
  cuts: count,
  effective_cuts: z.number().nonnegative(),
  targets_compared: count,
  moved_cuts: count,
  moved_targets: count,
  largest_nats: z.number().nonnegative().nullable(),
  leak_at_most: z.number().min(0).max(1).nullable(),
  confidence: z.number(),
  worst: z.looseObject({}).nullable(),
});

const computedSchema = z.looseObject({
  ...common,
  score: z.looseObject({ evidence: z.literal('computed'), ...figures }),
  window: z.looseObject({
    mode: z.enum(WINDOW_MODES),
    seqLen: count.min(1),
    stride: count.min(1).nullable(),
    tail: z.enum(['drop', 'score']),
    compat: z.string().nullable(),
  }),
  artifact: z.looseObject({
    name: z.string(),
    sha256,
    model_sha256: sha256,
    bytes_counted: count,
    bytes_limit: count,
    within_limit: z.boolean().nullable(),
    not_counted: z.array(z.string()).optional(),
    uncounted: z.array(z.string()).nullable().optional(),
  }),
  engine: z.looseObject({
    name: z.string(),
    provider: z.string(),
    precision: z.enum(['fp32', 'tf32', 'fp16', 'bf16']),
    vocabulary: count.nullable(),
    batch_tokens: count.min(1),
    versions: z.record(z.string(), z.string()),
    tokens_input: z.string(),
    logits_output: z.string(),
    logits_are: z.enum(LOGITS_KINDS),
    allowed_ops: z.array(z.string()).optional(),
    inputs: z.record(z.string(), z.looseObject({ by: z.string() })),
  }),
  seed: seed.optional(),
  verification: z.looseObject({
    verdict: z.enum(['pass', 'fail', 'not_possible', 'skipped']),
    rows: count,
    seed,
    mean_nats: z.number().nullable(),
    mean_abs_nats: nats.nullable(),
    max_abs_nats: nats.nullable(),
    tolerance_nats: nats,
    mean_tolerance_nats: nats.nullable().optional(),
  }),
  ledger: z
    .looseObject({
      file: z.string(),
      run: z.string().min(1).max(200).nullable().optional(),
      hash: sha256,
    })
    .nullable()
    .optional(),
  decided_by: z.record(z.string(), z.string()).optional(),
  optimization: z
    .looseObject({
      targets: count,
      precision: z.enum(['fp16', 'bf16', 'fp32']),
      verdict: z.enum(['pass', 'fail']),
      model_sha256: sha256,
      adapt_sha256: sha256.nullable().optional(),
      rewrites: z.array(z.looseObject({ name: z.string() })),
      mean_nats_difference: z.number().nullable(),
      mean_abs_nats: z.number().nonnegative().nullable(),
      tolerance_nats: z.number().positive(),
    })
    .nullable(),
  probes: z
    .array(
      z.looseObject({
        name: z.string(),
        verdict: z.enum(['pass', 'warn', 'fail', 'not_applicable']),
        effect: z.number().nullable().optional(),
        unit: z.string().nullable().optional(),
        tolerance: z.number().nullable().optional(),
      }),
    )
    .nullable(),
  generalisation: generalisation.nullable().optional(),
  every_row: everyRow.nullable().optional(),
});

const claimedSchema = z.looseObject({
  ...common,
  score: z.looseObject({ evidence: z.literal('claimed'), ...figures }),
  ledger: z.looseObject({ hash: sha256 }),
  claim: z.looseObject({ targets: z.looseObject({ file: z.string(), sha256 }) }),
});

/** The schema of a result, by what it says of its evidence. */
export function resultSchema(evidence: unknown): typeof computedSchema | typeof claimedSchema {
  return evidence === 'claimed' ? claimedSchema : computedSchema;
}
