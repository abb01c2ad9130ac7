/**
 * Schema `bpb-rules/1` of the organizer's side of an evaluation (docs/rules.md); unknown fields are refused.
 */
import { z } from 'zod';
import { SLIDING_2026_03_19, WINDOW_MODES } from '../windows/options.js';

export const RULES_FORMAT = 'bpb-rules/1';

/** Where rules leave a setting to be nothing: no historical evaluator, no id before a document. */
export const NONE = 'none';

/** What a rule can ask to be in the sum of the counted files. */
const COUNTED_KINDS = ['model', 'code', 'tokenizer'] as const;
export type CountedKind = (typeof COUNTED_KINDS)[number];

/** What a run can be required to have done. */
const REQUIREMENTS = ['probes', 'verification', 'every-row', 'control'] as const;

const sha256 = z
  .string()
  .refine((text) => /^[0-9a-f]{64}$/.test(text), { message: 'a sha256: 64 digits of 0-9, a-f' });
const name = z.string().min(1).max(200);

/** A list with something in it, and nothing twice. */
function listOf<T extends z.ZodType>(element: T) {
  return z
    .array(element)
    .min(1)
    .refine((list) => new Set(list.map((each) => JSON.stringify(each))).size === list.length, {
      message: 'a list without repeats',
    });
}

/** Integers by name, or by their bounds, both of which belong to it. */
const integers = z.union([
  listOf(z.int().positive()),
  z.strictObject({ min: z.int().positive().optional(), max: z.int().positive().optional() }),
]);

export const rulesSchema = z.strictObject({
  format: z.literal(RULES_FORMAT),
  name,
  windows: z
    .strictObject({
      modes: listOf(z.enum(WINDOW_MODES)).optional(),
      seqLen: integers.optional(),
      /** Whole rows have the stride of their length. */
      stride: integers.optional(),
      tail: listOf(z.enum(['drop', 'score'])).optional(),
      compat: listOf(z.enum([NONE, SLIDING_2026_03_19])).optional(),
    })
    .optional(),
  /** `bos` stands for the tokenizer's own. */
  documentStart: listOf(z.union([z.enum(['bos', NONE]), z.int().min(0)])).optional(),
  /** One of them must be the data; of one, everything that it says. */
  data: listOf(
    z.strictObject({
      known: z.string().min(1).optional(),
      documents: z.int().positive().optional(),
      tokens: z.int().positive().optional(),
      /** Of the published texts, in UTF-8. */
      bytes: z.int().positive().optional(),
      shards: z.array(sha256).min(1).optional(),
      documentsSha256: sha256.optional(),
    }),
  ).optional(),
  tokenizers: z
    .strictObject({
      named: z.array(z.strictObject({ name, sha256 })).min(1).optional(),
      /** Who must confirm the denominator of a tokenizer that is not named. */
      others: z
        .union([z.literal('refused'), listOf(z.enum(['documents', 'known-set']))])
        .default('refused'),
    })
    .optional(),
  /** Character maps that may alter text. */
  normalizers: listOf(sha256).optional(),
  size: z
    .strictObject({
      limit: z.int().positive(),
      counted: listOf(z.enum(COUNTED_KINDS)),
      /** Files of the artifact's folder that are not counted. */
      uncounted: z.enum(['allowed', 'refused']).default('allowed'),
    })
    .optional(),
  coverage: z
    .strictObject({
      least: z.number().refine((share) => share > 0 && share <= 1, {
        message: 'a share above 0, at most 1',
      }),
    })
    .optional(),
  required: listOf(z.enum(REQUIREMENTS)).optional(),
  /** Findings that `--accept` may name; without the field none. */
  accept: listOf(z.string().min(1)).optional(),
});

/** Validated rules. What they do not say they leave open. */
export type Rules = z.output<typeof rulesSchema>;
export type Integers = z.output<typeof integers>;
