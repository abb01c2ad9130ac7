/**
 * Loading of rules: a file, or those that come with the package, checked as a whole.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { type BpbError, usageError } from '../errors.js';
import { findJsonError } from '../json-error.js';
import { type DocumentWords, schemaProblems } from '../schema-problems.js';
import { contradictionIn } from './contradictions.js';
import { PARAMETER_GOLF } from './parameter-golf.js';
import { RULES_FORMAT, type Rules, rulesSchema } from './schema.js';

/** Rules, and which ones they are. */
export interface LoadedRules {
  /** As the caller named them. */
  readonly source: string;
  /** Of the file; of shipped rules of the text that docs/rules.md shows. */
  readonly sha256: string;
  readonly rules: Rules;
}

/** Rules that come with the package, by the name that `--rules` takes. */
const SHIPPED: Readonly<Record<string, unknown>> = { 'parameter-golf': PARAMETER_GOLF };

/** What `--rules` takes. */
const RULES_EXPECTED = `a JSON file of the format ${RULES_FORMAT}, or ${Object.keys(SHIPPED).join(', ')}`;

const WORDS: DocumentWords = { name: 'rules', page: 'docs/rules.md' };
/** A page of rules with a thousand hashes is well below it. */
const MAX_BYTES = 1 << 20;

/**
 * @param source a file, or the name of rules that come with the package; `./NAME` is a file
 * @throws BPB_USAGE_RULES (usage) with the file, the field and what was expected there
 */
export function loadRules(source: string): LoadedRules {
  const shipped = Object.hasOwn(SHIPPED, source) ? shippedText(SHIPPED[source]) : null;
  const bytes = shipped === null ? readRulesFile(source) : Buffer.from(shipped);
  return {
    source,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    rules: parseRules(bytes, source),
  };
}

/** The text of shipped rules, as a file of them would be written. */
export function shippedText(rules: unknown): string {
  return `${JSON.stringify(rules, null, 2)}\n`;
}

function parseRules(bytes: Uint8Array, path: string): Rules {
  const text = textOf(bytes, path);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    const error = findJsonError(text);
    throw refuse(path, {
      message: 'the rules are not JSON',
      expected: error?.expected ?? `one JSON object, format ${RULES_FORMAT}`,
      actual:
        error === null ? 'none' : `something else at line ${error.line}, column ${error.column}`,
    });
  }
  const { format } = (json ?? {}) as { format?: unknown };
  if (typeof format === 'string' && /^bpb-rules\/\d+$/.test(format) && format !== RULES_FORMAT) {
    throw refuse(path, {
      message: 'this version of the harness does not read rules of that version',
      expected: `"format": "${RULES_FORMAT}"`,
      actual: `"format": "${format}"`,
    });
  }
  const parsed = rulesSchema.safeParse(json);
  if (!parsed.success) {
    const problems = schemaProblems(rulesSchema, parsed.error.issues, json, WORDS);
    throw refuse(path, {
      message: problems.join('; '),
      expected: `rules of the format ${RULES_FORMAT}`,
      actual: problems.length === 1 ? 'one problem' : `${problems.length} problems`,
    });
  }
  const contradiction = contradictionIn(parsed.data);
  if (contradiction === null) return parsed.data;
  const { field, message, ...found } = contradiction;
  throw refuse(path, { message: `\`${field}\`: ${message}`, ...found });
}

function textOf(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refuse(path, {
      message: 'the rules are not text',
      expected: 'UTF-8',
      actual: 'bytes that are none',
    });
  }
}

function readRulesFile(path: string): Uint8Array {
  const refuseFile = (actual: string) =>
    refuse(path, { message: 'the rules cannot be read', expected: RULES_EXPECTED, actual });
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw refuseFile(stat.isDirectory() ? 'a directory' : 'no plain file');
    if (stat.size > MAX_BYTES) throw refuseFile(`${stat.size} bytes, of at most ${MAX_BYTES}`);
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code?.startsWith('BPB_')) throw error;
    throw refuseFile(code === 'ENOENT' ? 'no such file' : (code ?? String(error)));
  }
}

function refuse(
  path: string,
  details: { readonly message: string; readonly expected: string; readonly actual: string },
): BpbError {
  return usageError('BPB_USAGE_RULES', {
    ...details,
    path,
    hint: 'docs/rules.md lists the fields, with an example; --rules parameter-golf needs no file',
  });
}
