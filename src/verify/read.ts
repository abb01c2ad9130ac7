/**
 * Reader of a result: the directory of `--out` or a `result.json`, refused where it was edited.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type BpbError, inputError, usageError } from '../errors.js';
import { findJsonError } from '../json-error.js';
import { schemaProblems } from '../schema-problems.js';
import { hashJson } from '../score/identity.js';
import { RESULT_FILE } from '../score/outputs.js';
import type { ClaimedResult, ScoreResult } from '../score/result.js';
import { resultSchema } from './schema.js';

/** A result of tens of thousands of shards has a tenth of this. */
const BYTES_MAX = 2 ** 26;
/** Levels of the JSON: a result has seven. */
const DEPTH_MAX = 32;

const WORDS = { name: 'result', page: 'docs/result.md' };

const EXPECTED = 'the result of bpb score: its --out directory, or a result.json';

export interface ReadResult {
  readonly file: string;
  /** Where its tables are. */
  readonly folder: string;
  readonly result: ScoreResult | ClaimedResult;
}

/** @throws input errors that name the file; BPB_VERIFY_SUBMISSION (usage) for a folder of a submission */
export function readResult(path: string): ReadResult {
  const file = fileOf(path);
  const text = readText(file);
  const json = parse(text, file);
  check(json, file);
  // The hash is of what programs read, which is the last one; a person sees the first.
  if (keysOf(json) !== keysIn(text)) {
    throw invalid(file, ['a field stands twice in one object']);
  }
  return { file, folder: dirname(file), result: json as ScoreResult | ClaimedResult };
}

function fileOf(path: string): string {
  let isDirectory: boolean;
  try {
    isDirectory = statSync(path).isDirectory();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw missing(path, code === 'ENOENT' ? 'nothing there' : String(code));
  }
  if (!isDirectory) return path;
  const file = join(path, RESULT_FILE);
  if (existsSync(file)) return file;
  if (existsSync(join(path, 'submission.json'))) {
    throw usageError('BPB_VERIFY_SUBMISSION', {
      message: 'this version does not verify submissions yet, only results of bpb score',
      path,
      expected: EXPECTED,
      actual: 'a folder with submission.json and without result.json',
      hint: 'score its exported artifact with bpb score ARTIFACT --out DIR, then bpb verify DIR; bpb claim reads its logs',
    });
  }
  const refused = existsSync(join(path, 'error.json'));
  throw missing(path, refused ? 'error.json: the run gave no result' : `no ${RESULT_FILE} in it`);
}

function missing(path: string, actual: string): BpbError {
  return inputError('BPB_RESULT_MISSING', {
    message: 'there is no result',
    path,
    expected: EXPECTED,
    actual,
    hint: 'bpb score ARTIFACT --out DIR writes one; bpb verify DIR reads it',
  });
}

/** Opened once, so that what is looked at is what is read; a FIFO is never waited for. */
function readText(file: string): string {
  const unreadable = (actual: string, cause?: unknown) =>
    inputError('BPB_RESULT_UNREADABLE', {
      message: 'the result cannot be read',
      path: file,
      expected: `a plain file of at most ${BYTES_MAX} bytes of UTF-8`,
      actual,
      cause,
    });
  let descriptor: number | null = null;
  try {
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw unreadable('no plain file');
    if (stat.size > BYTES_MAX) throw unreadable(`${stat.size} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(descriptor));
  } catch (cause) {
    const { errno, message } = cause as NodeJS.ErrnoException;
    if (errno !== undefined || cause instanceof TypeError) throw unreadable(message, cause);
    throw cause;
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const error = findJsonError(text);
    const where = error === null ? '' : ` at line ${error.line}, column ${error.column}`;
    throw inputError('BPB_RESULT_JSON', {
      message: 'the result is not JSON',
      path: file,
      expected: error?.expected ?? 'one JSON object, schema bpb-result/1',
      actual: `something else${where}`,
      hint: 'a result that was cut short is none: run the score again',
    });
  }
}

function check(json: unknown, file: string): void {
  if (isDeep(json, DEPTH_MAX)) {
    throw invalid(file, [`it is nested deeper than ${DEPTH_MAX} levels`]);
  }
  const { schema, score, run } = (json ?? {}) as Readonly<Record<string, unknown>>;
  if (schema !== 'bpb-result/1') throw foreign(file, schema);
  const wanted = resultSchema((score as { evidence?: unknown } | undefined)?.evidence);
  const parsed = wanted.safeParse(json);
  if (!parsed.success) {
    throw invalid(file, schemaProblems(wanted, parsed.error.issues, json, WORDS));
  }
  const { sha256, ...rest } = run as { sha256: string };
  const found = hashJson({ ...(json as object), run: rest });
  if (found !== sha256) {
    throw inputError('BPB_RESULT_EDITED', {
      message: 'the result was changed after its run',
      path: file,
      expected: `run.sha256 ${sha256} over all other fields`,
      actual: `their sha256 is ${found}`,
      hint: 'verify the file that the run itself wrote',
    });
  }
}

/** Strings of a JSON text, each with the colon that makes it a key. */
const STRING = /"(?:[^"\\]|\\.)*"(\s*:)?/g;

function keysIn(text: string): number {
  let keys = 0;
  for (const [, colon] of text.matchAll(STRING)) if (colon !== undefined) keys++;
  return keys;
}

function keysOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner = Object.values(value).reduce<number>((all, each) => all + keysOf(each), 0);
  return inner + (Array.isArray(value) ? 0 : Object.keys(value).length);
}

/** Whether a value has more than `levels`; itself no deeper than that. */
function isDeep(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeep(each, levels - 1));
}

function invalid(file: string, problems: readonly string[]): BpbError {
  return inputError('BPB_RESULT_INVALID', {
    message: problems.join('; '),
    path: file,
    expected: 'a result of the schema bpb-result/1',
    actual: problems.length === 1 ? 'one problem' : `${problems.length} problems`,
    hint: 'docs/result.md lists the fields',
  });
}

function foreign(file: string, schema: unknown): BpbError {
  const known = typeof schema === 'string' ? `schema ${JSON.stringify(schema.slice(0, 40))}` : null;
  const later = typeof schema === 'string' && /^bpb-result\//.test(schema);
  return inputError('BPB_RESULT_SCHEMA', {
    message: later
      ? 'this version does not read results of that schema'
      : `${basename(file)} is not the result of a score`,
    path: file,
    expected: 'schema bpb-result/1, of bpb score',
    actual: known ?? 'no schema',
    hint: later ? 'verify it with the version of the harness that wrote it' : undefined,
  });
}
