/**
 * Schema and parser of `artifact.json`, the manifest of an artifact directory; unknown fields are refused.
 */
import { z } from 'zod';
import { inputError } from '../errors.js';
import { findJsonError } from '../json-error.js';
import { INPUT_KINDS, LOGITS_KINDS } from '../onnx/bind/types.js';
import { type DocumentWords, schemaProblems } from '../schema-problems.js';
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
  /** Those of `counted` that are code and do not look like it: packed scripts. */
  code: z.array(relativePath).min(1).optional(),
});

const WORDS: DocumentWords = { name: 'manifest', page: 'docs/artifact.md' };

/** A validated manifest; paths are still as written, relative to its directory. */
export type Manifest = z.output<typeof manifestSchema>;

/** @throws BPB_MANIFEST_JSON with the place, or BPB_MANIFEST_INVALID with all that is wrong */
export function parseManifest(text: string, path: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // What `JSON.parse` throws quotes the file.
    const error = findJsonError(text);
    throw inputError('BPB_MANIFEST_JSON', {
      message: 'the manifest is not JSON',
      path,
      expected: error?.expected ?? 'one JSON object, format bpb-artifact/1',
      actual:
        error === null ? 'none' : `something else at line ${error.line}, column ${error.column}`,
    });
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = schemaProblems(manifestSchema, parsed.error.issues, json, WORDS);
  throw inputError('BPB_MANIFEST_INVALID', {
    message: problems.join('; '),
    path,
    expected: 'a manifest of the format bpb-artifact/1',
    actual: problems.length === 1 ? 'one problem' : `${problems.length} problems`,
    hint: 'docs/artifact.md lists the fields',
  });
}
