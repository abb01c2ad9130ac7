/**
 * The control set of a score: read and checked as the data of a score is, and planned as the score is.
 */
import { availableParallelism } from 'node:os';
import { BpbError, inputError } from '../errors.js';
import type { Finding } from '../finding.js';
import { checkExternalData } from './checks/external-data.js';
import type { DataFindingId } from './data-findings/table.js';
import { dataFindings } from './data-findings.js';
import { dataOf, type PlannedEvaluation, workloadOf } from './open.js';
import type { OpenData } from './open-data.js';
import type { ScoreOptions } from './options.js';

export interface ControlSet {
  /** As the caller names it. */
  readonly source: string;
  readonly data: OpenData;
  /** Ids of the findings about the data, which `accept` may name. */
  readonly findings: readonly string[];
  /** The score's own evaluation with these data; null where they have no row. */
  readonly evaluation: PlannedEvaluation | null;
}

/** Findings that are about a set's place in a series: a control set may be any part of one. */
const OF_SERIES: ReadonlySet<string> = new Set<DataFindingId>([
  'shard-gap',
  'first-shard-missing',
  'partial-set',
  'foreign-set',
]);

/**
 * Null where none is named.
 *
 * @throws what `openData` refuses, in the words of the flags of a control set; BPB_CONTROL_DATA (input) for a
 * finding that would withhold a score of these data, unless `accept` names it
 */
export async function openControl(
  scored: PlannedEvaluation,
  options: ScoreOptions,
): Promise<ControlSet | null> {
  const { controlDocs: docs, controlData } = options;
  const source = docs ?? controlData;
  if (source === undefined) return null;
  try {
    return await opened(scored, options, source);
  } catch (error) {
    throw error instanceof BpbError ? inFlagsOfControl(error, options) : error;
  }
}

async function opened(
  scored: PlannedEvaluation,
  options: ScoreOptions,
  source: string,
): Promise<ControlSet> {
  const { controlDocs: docs, controlData, textField, signal, onProgress } = options;
  const data = await dataOf(
    {
      ...(controlData === undefined ? {} : { data: [controlData] }),
      ...{ docs, textField, signal, onProgress },
    },
    scored.tokenizer,
    availableParallelism(),
  );
  await checkExternalData(scored.artifact, data, docs);
  const found = await dataFindings(data, scored.window);
  const wrong = found.find(
    ({ id, severity }) =>
      severity === 'fail' && !OF_SERIES.has(id) && !options.accept?.includes(id),
  );
  if (wrong !== undefined) throw refused(wrong, source);
  const evaluation = planned({ ...scored, data }, options);
  return { source, data, findings: found.map(({ id }) => id), evaluation };
}

function planned(
  evaluation: Omit<PlannedEvaluation, 'workload'>,
  options: ScoreOptions,
): PlannedEvaluation | null {
  try {
    return { ...evaluation, workload: workloadOf(evaluation, options) };
  } catch (error) {
    // Too little to judge by is no fault of the set.
    if (error instanceof BpbError && error.code === 'BPB_STREAM_TOO_SHORT') return null;
    throw error;
  }
}

function refused({ message, hint }: Finding, path: string): BpbError {
  return inputError('BPB_CONTROL_DATA', {
    message,
    path,
    expected: 'a control set whose own score would not be withheld',
    actual: message,
    hint: hint ?? undefined,
  });
}

const ONE_FIELD =
  'One --text-field is for both sets of documents: name the field in one file as in the other.';

/** The same error, with the flags of a control set in the place of those of the data; not those of another command. */
function inFlagsOfControl(error: BpbError, { docs }: ScoreOptions): BpbError {
  const renamed = (text: string | undefined) =>
    text?.replace(/(?<![\w-]|bpb tokenize )--(docs|data)\b(?!-)/g, '--control-$1');
  const { kind, code, message, path, expected, actual, hint, cause } = error;
  if (kind === 'interrupted' || kind === 'internal') return error;
  return new BpbError({
    ...{ kind, code, actual, cause },
    message: `the control set: ${renamed(message)}`,
    path: renamed(path),
    expected: renamed(expected),
    hint: code === 'BPB_DOCUMENT_TEXT' && docs !== undefined ? ONE_FIELD : renamed(hint),
  });
}
