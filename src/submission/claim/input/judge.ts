/**
 * Judgement of inputs, each for itself: logs first, then the summaries and tables that may speak of them.
 */
import { createHash } from 'node:crypto';
import { dirname, relative, resolve } from 'node:path';
import { asBpbError, type BpbError, inputError } from '../../../errors.js';
import type { Progress } from '../../../progress.js';
import { decodeText, parseLog } from '../../log/read.js';
import { readInputBytes, STDIN } from '../../log/read-bytes.js';
import { claimLog, claimTrainingLog } from '../judge-log.js';
import type { LogClaim } from '../log-types.js';
import { judgeSummary } from '../summary/judge.js';
import { hasOwnScore, readSummary } from '../summary/read.js';
import type { Summary, SummaryClaim } from '../summary/types.js';
import { judgeTable, refusalOf, type Stated, verdictOf } from '../table/judge.js';
import { csvTable, jsonTable, markdownTable, type Table } from '../table/read.js';
import type { Judged, TableClaim } from '../table/types.js';
import { contentOf } from './document.js';
import { expandInputs, logsBeside, type NamedFile } from './expand.js';
import { logMeans } from './means.js';
import type { InputAnswer, LogMean } from './types.js';

export interface InputsJudged {
  readonly inputs: readonly InputAnswer[];
  readonly logs: readonly LogClaim[];
  readonly summaries: readonly SummaryClaim[];
  readonly tables: readonly TableClaim[];
  readonly means: readonly LogMean[];
  /** The reason where nothing was judged because the only file could not be read. */
  readonly onlyError: BpbError | null;
}

type Read =
  | { readonly kind: 'log'; readonly log: LogClaim }
  | { readonly kind: 'summary'; readonly summary: Summary }
  | { readonly kind: 'table'; readonly table: Table };

interface Opened {
  readonly file: NamedFile;
  readonly read: Read | null;
  readonly error: BpbError | null;
  readonly sameAs: string | null;
  /** Hash of the content, the same for copies. */
  readonly key: string | null;
}

/** @param names files, folders, and `-` for standard input */
export async function judgeInputs(
  names: readonly string[],
  stated: Stated,
  onProgress?: (progress: Progress) => void,
): Promise<InputsJudged> {
  const files = await expandInputs(names);
  const opened: Opened[] = [];
  const seen = new Map<string, string>();
  for (const [done, file] of files.entries()) {
    onProgress?.({ phase: 'claim', done, total: files.length, unit: 'inputs', bpb: null });
    opened.push(await openInput(file, stated, seen));
  }
  const logs = opened.flatMap(({ read }) => (read?.kind === 'log' ? [read.log] : []));
  const distinct = distinctLogs(opened);
  const beside = new LogsBy(distinct);
  const summaries: SummaryClaim[] = [];
  const tables: TableClaim[] = [];
  const inputs: InputAnswer[] = [];
  for (const each of opened) {
    const { file, read, error, sameAs } = each;
    let verdict: InputAnswer['verdict'] =
      file.found && isScoreless(error) ? 'skipped' : 'not_judged';
    if (read?.kind === 'log') verdict = verdictOfLog(read.log);
    if (read?.kind === 'table') {
      const table = judgeTable(read.table, file.path, stated, (done, total) =>
        onProgress?.({ phase: 'claim', done, total, unit: 'rows', bpb: null }),
      );
      tables.push(table);
      verdict = table.verdict;
    }
    if (read?.kind === 'summary') {
      const logs = await beside.of(file.path);
      const summary = judgeSummary(read.summary, file.path, { logs }, stated);
      summaries.push(summary);
      verdict = summary.verdict;
    }
    const refusal = error === null ? null : refusalOf(error);
    inputs.push({ path: file.path, kind: read?.kind ?? null, verdict, sameAs, error: refusal });
  }
  const onlyError = opened.length === 1 ? (opened[0]?.error ?? null) : null;
  return { inputs, logs, summaries, tables, means: logMeans(distinct), onlyError };
}

async function openInput(
  file: NamedFile,
  stated: Stated,
  seen: Map<string, string>,
): Promise<Opened> {
  if (file.error !== null) return { file, read: null, error: file.error, sameAs: null, key: null };
  try {
    const text = decodeText(await readInputBytes(file.path));
    const key = contentKey(text);
    const sameAs = seen.get(key) ?? null;
    const read = readContent(text, file.path, stated);
    if (sameAs === null) seen.set(key, file.path);
    return { file, read, error: null, sameAs, key };
  } catch (thrown) {
    return { file, read: null, error: asBpbError(thrown), sameAs: null, key: null };
  }
}

/** Copies in one folder count once; a copy in another folder belongs to its mean. */
function distinctLogs(opened: readonly Opened[]): LogClaim[] {
  const seen = new Set<string>();
  return opened.flatMap(({ file, read, key }) => {
    const place = JSON.stringify([dirname(file.path), key]);
    if (read?.kind !== 'log' || seen.has(place)) return [];
    seen.add(place);
    return [read.log];
  });
}

/** The same for texts that differ in line ends and in the empty lines at their end. */
function contentKey(text: string): string {
  return createHash('sha256').update(text.replace(/\r\n?/g, '\n').trimEnd()).digest('hex');
}

/** @throws BpbError of kind `input` */
function readContent(text: string, path: string, stated: Stated): Read {
  const content = contentOf(text, path);
  switch (content.kind) {
    case 'csv':
      return { kind: 'table', table: csvTable(text, path) };
    case 'markdown':
      return { kind: 'table', table: markdownTable(text, path) };
    case 'log':
      return { kind: 'log', log: claimTrainingLog(parseLog(text, path), stated) };
    default: {
      const value = content.kind === 'json' ? content.value : null;
      // An object of named rows has no score of its own; what one of its members has is a row.
      const table = hasOwnScore(value) ? null : jsonTable(content, path);
      if (table !== null) return { kind: 'table', table };
      const summary = readSummary(value, path);
      if (summary !== null) return { kind: 'summary', summary };
      throw noScore(path, content.kind === 'json' ? content.value : null);
    }
  }
}

/** The logs in the folder of a summary and below: those that are inputs, else those that lie there. */
class LogsBy {
  private readonly found = new Map<string, Promise<readonly LogClaim[]>>();

  /** @param given logs among the inputs, without copies */
  constructor(private readonly given: readonly LogClaim[]) {}

  async of(path: string): Promise<readonly LogClaim[]> {
    if (path === STDIN) return [];
    const folder = dirname(path);
    const inside = this.given.filter((log) => log.path !== STDIN && isBelow(folder, log.path));
    if (inside.length > 0) return inside;
    const known = this.found.get(folder) ?? claimsIn(folder);
    this.found.set(folder, known);
    return known;
  }
}

/** Logs that nobody named: one that cannot be read is none of them. */
async function claimsIn(folder: string): Promise<readonly LogClaim[]> {
  const claims: LogClaim[] = [];
  for (const path of await logsBeside(folder)) {
    const claim = await claimLog(path).catch(() => null);
    if (claim !== null) claims.push(claim);
  }
  return claims;
}

function isBelow(folder: string, path: string): boolean {
  return !relative(resolve(folder), resolve(path)).startsWith('..');
}

/** A finding of severity `fail`, else what its headline comes to. */
function verdictOfLog({ findings, headline }: LogClaim): Judged {
  if (findings.some(({ severity }) => severity === 'fail')) return 'fail';
  return headline.claim === null ? 'not_judged' : verdictOf(headline.claim);
}

/** Not every text and JSON document of a folder has a score; a log that breaks off is an error. */
function isScoreless(error: BpbError | null): boolean {
  if (error?.code === 'BPB_LOG_NO_SCORE') return !/\.log$/i.test(error.path ?? '');
  return error?.code === 'BPB_CLAIM_JSON_SCORE';
}

function noScore(path: string, value: unknown): BpbError {
  const schema = (value as { schema?: unknown } | null)?.schema;
  const own = typeof schema === 'string' && schema.startsWith('bpb-');
  return inputError('BPB_CLAIM_JSON_SCORE', {
    message: 'the JSON document states no score',
    path,
    expected: 'val_loss and val_bpb, seed_results, or an array of objects with them',
    actual: own ? `a document of ${schema}` : 'none of them',
    hint: own ? 'bpb verify checks results of bpb score.' : 'docs/claim.md names what is read.',
  });
}
