/**
 * Schema and parser of `artifact.json`, the manifest of an artifact directory; unknown fields are refused.
 */
import { z } from 'zod';
import { inputError } from '../errors.js';
import { INPUT_KINDS, LOGITS_KINDS } from '../onnx/bind/types.js';
import { SLIDING_2026_03_19, WINDOW_MODES } from '../windows/options.js';
import { adaptSchema, portName, relativePath, stateSchema } from './state-schema.js';

/** The id before each document, or `none`; absent where the tokenizer's BOS is. */
const documentStart = z.union([z.int().min(0), z.literal('none')]).optional();
const inputKind = z.union([z.enum(INPUT_KINDS), z.strictObject({ constant: z.number() })]);

const manifestSchema = z.strictObject({
  format: z.literal('bpb-artifact/1'),
  name: z.string().min(1).max(200),
  model: z.strictObject({
    path: relativePath,
    tokens: portName.optional(),
    logits: portName.optional(),
    inputs: z.record(portName, inputKind).optional(),
    logitsAre: z.enum(LOGITS_KINDS).optional(),
    softcap: z.number().positive().finite().nullable().default(null),
  }),
  // Where it is left out, the caller names one: a tokenizer may lie outside of the directory.
  tokenizer: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('sentencepiece'), path: relativePath, documentStart }),
      z.strictObject({ kind: z.literal('byte260'), documentStart }),
    ])
    .optional(),
  evaluation: z
    .strictObject({
      window: z.enum(WINDOW_MODES),
      seqLen: z.int().positive(),
      stride: z.int().positive().nullable().default(null),
      tail: z.enum(['drop', 'score']).default('drop'),
      compat: z.literal(SLIDING_2026_03_19).nullable().default(null),
      data: z.string().min(1).optional(),
    })
    .optional(),
  state: stateSchema.optional(),
  adapt: adaptSchema.optional(),
  counted: z.array(relativePath).min(1),
});

/** A validated manifest; paths are still as written, relative to its directory. */
export type Manifest = z.output<typeof manifestSchema>;

/** @throws BPB_MANIFEST_JSON or BPB_MANIFEST_INVALID, naming the field */
export function parseManifest(text: string, path: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw inputError('BPB_MANIFEST_JSON', {
      message: 'the manifest is not JSON',
      path,
      expected: 'one JSON object, format bpb-artifact/1',
      actual: (cause as Error).message,
      cause,
    });
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.map(String).join('.');
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys : null;
  throw inputError('BPB_MANIFEST_INVALID', {
    message:
      unknown === null
        ? `the manifest's field \`${field || '(whole)'}\` is not valid`
        : `the manifest has unknown fields: ${unknown.map((key) => [field, key].filter(Boolean).join('.')).join(', ')}`,
    path,
    expected: unknown === null ? issue.message : 'only the fields of bpb-artifact/1',
    actual: unknown === null ? shown(json, issue.path) : unknown.join(', '),
    hint: 'docs/artifact.md lists the fields',
  });
}

function shown(json: unknown, path: readonly PropertyKey[]): string {
  let value: unknown = json;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
