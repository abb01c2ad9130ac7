/**
 * What scripts/gpu-check.sh leaves, file by file. A figure is a positive, finite number: JSON has no
 * other, and a zero would be a clock that did not run. Further fields are passed over. Where a file has
 * lines of several kinds, its schema is a function that chooses one by the line.
 */
import { z } from 'zod';

const seconds = z.number().nonnegative();
const rate = z.number().positive();
const milliseconds = z.number().positive();
const text = z.string();
/** A line that says why there is no figure. */
const failed = (row) => typeof row?.error === 'string';

const nullable = (schema) => schema.nullable().optional();

export const runSchema = z.looseObject({
  schema: z.literal('bpb-gpu-results/1'),
  commit: z.string().regex(/^[\w.-]{1,80}$/),
  architecture: z.string().regex(/^\d{2,3}$/),
  dry_run: z.boolean(),
});

export const STATUSES = [
  'ok',
  'failed',
  'timeout',
  'peer absent',
  'values not judged',
  'not begun',
];

export const stepSchema = z.looseObject({
  step: z.string().regex(/^[a-z0-9-]+$/),
  stage: z.string().regex(/^[A-Z]$/),
  status: z.enum(STATUSES),
  answer: text,
  code: nullable(z.int()),
  seconds,
  began: text.optional(),
  dry_run: z.boolean(),
});

export const machineSchema = z.looseObject({
  date: z.string().regex(/^\d{4}-\d\d-\d\d/),
  gpu: nullable(z.looseObject({ name: z.string().min(1), driver: z.string().min(1) })),
  cuda: nullable(z.looseObject({ nvcc: nullable(text) })),
  ncu: nullable(text),
  python: nullable(
    z.looseObject({
      torch: nullable(text),
      triton: nullable(text),
      cudnn: nullable(z.union([text, z.number()])),
    }),
  ),
});

const TYPES = ['fp32', 'fp16', 'bf16'];
const logits = {
  type: z.enum(TYPES),
  vocab: z.int().positive(),
  softcap: z.number().nonnegative(),
  width: z.number().positive(),
};
const timing = { ms: milliseconds, ms_low: milliseconds, ms_high: milliseconds, gbs: rate };

const groupSchema = z.looseObject({
  group: text,
  variant: text,
  rows: z.int().positive(),
  mean: z.number().nullable(),
  worst: z.number().nonnegative().nullable(),
  ok: z.boolean(),
});

const flagSchema = z.looseObject({ check: text, ok: z.boolean() });

export const checkSchema = (row) => (row?.check === undefined ? groupSchema : flagSchema);

export const labSchema = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('device'), name: z.string().min(1) }),
  z.looseObject({ kind: z.literal('exp2'), worst_log2: z.number(), mean: z.number() }),
  z.looseObject({
    kind: z.literal('ceilings'),
    copy_gbs: rate,
    read_gbs: rate,
    sm_mhz: z.number().positive(),
  }),
  z.looseObject({
    kind: z.literal('time'),
    who: z.literal('bpb'),
    version: text,
    ...logits,
    ...timing,
    of_copy: z.number().positive().max(2),
    worst: z.number().nonnegative().nullable(),
    ok: z.boolean(),
  }),
]);

export const operatorCheckSchema = flagSchema;

export const operatorSchema = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('device'), name: z.string().min(1) }),
  z.looseObject({ kind: z.literal('ceilings'), copy_gbs: rate, read_gbs: rate }),
  z.looseObject({
    kind: z.literal('operator'),
    operator: text,
    shape: text,
    type: z.enum(TYPES),
    version: text,
    ...timing,
    of_copy: z.number().positive().max(2),
  }),
]);

const peerTimeSchema = z.looseObject({
  kind: z.literal('time'),
  who: text,
  version: nullable(text),
  ...logits,
  ...timing,
  error: z.null().optional(),
});

const peerErrorSchema = z.looseObject({
  kind: z.literal('time'),
  who: text,
  ...logits,
  error: z.string().min(1),
});

export const peerSchema = (row) => (failed(row) ? peerErrorSchema : peerTimeSchema);

const oneTestSchema = z.looseObject({
  test: text,
  ok: z.boolean(),
  seconds,
  error: nullable(text),
});

const testsSchema = z.looseObject({
  done: z.literal(true),
  passed: z.int().nonnegative(),
  failed: z.int().nonnegative(),
});

export const testSchema = (row) => (row?.done === undefined ? oneTestSchema : testsSchema);

const nats = z.number().nonnegative();
const compareSchema = z.looseObject({
  compare: z.enum(['fp32', 'fp16']),
  targets: z.int().positive(),
  mean_abs: nats,
  mean_signed: z.number(),
  max_abs: nats,
  ok: z.boolean().nullable(),
});

const repeatSchema = z.looseObject({
  repeat: z.enum(['fp32', 'fp16']),
  equal: z.boolean().nullable(),
});

const ciSchema = z.looseObject({ ci: z.literal(true), code: z.int().nullable(), seconds });

const sotuRunSchema = z.looseObject({
  run: text,
  code: z.int().nullable(),
  seconds,
  targets: nullable(z.int().positive()),
  val_loss: nullable(z.number()),
  targets_per_s: nullable(rate),
  device_to_host_bytes: nullable(z.int().nonnegative()),
  bytes_limit: nullable(z.int().nonnegative()),
  optimization: nullable(z.looseObject({ verdict: text })),
});

export function sotuSchema(row) {
  if (row?.compare !== undefined) return compareSchema;
  if (row?.repeat !== undefined) return repeatSchema;
  return row?.ci === undefined ? sotuRunSchema : ciSchema;
}

const WINDOWS = ['chunk', 'sliding'];
const scored = {
  who: z.enum(['bpb', 'PyTorch']),
  shape: text,
  variant: text,
  window: z.enum(WINDOWS),
  purpose: z.enum(['end-to-end', 'batch', 'sessions', 'long']),
  stride: nullable(z.int().positive()),
  batch_tokens: nullable(z.int().positive()),
  sessions: nullable(z.int().positive()),
};
const failedRunSchema = z.looseObject({ ...scored, error: z.string().min(1) });

const scoredRunSchema = z.looseObject({
  ...scored,
  error: z.null().optional(),
  targets: z.int().positive(),
  seconds: z.number().positive(),
  targets_per_s: rate,
  val_loss: z.number().positive(),
  scorer_share: nullable(z.number().min(0).max(1)),
});

export const endToEndSchema = (row) => (failed(row) ? failedRunSchema : scoredRunSchema);

export const profileSchema = z.looseObject({
  shape: text,
  precision: z.enum(['fp16', 'fp32', 'tf32']),
  command: text,
});

export const adaptiveSchema = z.looseObject({
  artifact: text,
  code: z.int().nullable(),
  seconds,
  targets: nullable(z.int().positive()),
  targets_per_s: nullable(rate),
  val_loss: nullable(z.number().positive()),
  reference_loss: nullable(z.number().positive()),
  error: nullable(text),
});
