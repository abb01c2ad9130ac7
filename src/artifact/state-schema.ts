/**
 * Schema of a manifest's `state` and `adapt`: stateful and adaptive artifacts (docs/adaptive.md).
 */
import { z } from 'zod';
import { count } from '../onnx/tensor.js';

export const relativePath = z.string().min(1);

/** Names of ports are keys of JavaScript objects, which cannot have all. */
export const portName = z
  .string()
  .min(1)
  .refine((name) => name !== '__proto__', { message: 'another name than __proto__' });

const STATE_DTYPES = ['float32', 'float16', 'int32', 'int64'] as const;
export type StateDtype = (typeof STATE_DTYPES)[number];

/** More elements than any state that a scored document could need: 2^28, 1 GiB of fp32. */
const MAX_ELEMENTS = 2 ** 28;

const tensorSchema = z.strictObject({
  name: z.string().min(1),
  in: portName,
  out: portName,
  shape: z
    .array(z.int().positive())
    .max(7)
    .refine((shape) => count(shape) <= MAX_ELEMENTS, {
      message: `at most ${MAX_ELEMENTS} elements`,
    }),
  dtype: z.enum(STATE_DTYPES).default('float32'),
  init: z.union([z.literal('zeros'), z.strictObject({ path: relativePath })]).default('zeros'),
  reset: z.enum(['document', 'never']),
});

export const stateSchema = z.strictObject({
  tensors: z.array(tensorSchema).min(1).max(4096),
  chunk: z.int().positive(),
  context: z.int().nonnegative().default(0),
  steps: z.int().positive().max(1000).default(1),
});

export const adaptSchema = z.strictObject({
  path: relativePath,
  tokens: portName.nullable().default('input_ids'),
  targets: portName.nullable().default('targets'),
  reads: z.array(z.string().min(1)),
  writes: z.array(z.string().min(1)).min(1),
});

export type StateManifest = z.output<typeof stateSchema>;
