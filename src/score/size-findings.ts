/**
 * What a result says of an artifact's size: who counted what, and the findings about it.
 */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Artifact } from '../artifact/load.js';
import { notCountedOf, type SizeAccount } from '../artifact/size.js';
import type { UncountedFile } from '../artifact/uncounted.js';
import type { PlannedEvaluation } from '../evaluation/open.js';
import type { ScoreOptions } from '../evaluation/options.js';
import { type Finding, note, warn } from '../finding.js';
import type { LoadedRules } from '../rules/load.js';
import type { CountedKind, Rules } from '../rules/schema.js';
import { figure } from '../words.js';
import { RUN_FILES } from './outputs.js';
import type { ScoreResult } from './result.js';

/** Names that a result lists; a folder may have any number of files. */
const LISTED = 100;
/** Names, and characters of each, that a message shows. */
const SHOWN = 3;
const SHOWN_NAME = 80;

type SizeOptions = Pick<ScoreOptions, 'docs' | 'tokenizer' | 'out' | 'ledger'>;

/** The fields of `artifact` in a result that are about its size, and the findings. */
export function sizeFacts(
  {
    artifact,
    tokenizer,
    data,
    rules,
  }: Pick<PlannedEvaluation, 'artifact' | 'tokenizer' | 'data'> & {
    readonly rules: Pick<LoadedRules, 'rules'> | null;
  },
  options: SizeOptions,
): {
  fields: Pick<
    ScoreResult['artifact'],
    | 'bytes_counted'
    | 'bytes_limit'
    | 'within_limit'
    | 'size_note'
    | 'counted'
    | 'not_counted'
    | 'uncounted'
  >;
  findings: Finding[];
} {
  const notCounted = notCountedOf(artifact.size, tokenizer);
  const size = sizeByRules(artifact.size, notCounted, rules?.rules.size);
  const uncounted = withoutNamed(artifact, [
    ...data.shards.map(({ file }) => file),
    ...(data.sidecar?.files ?? []).map(({ file }) => file),
    ...[options.docs, options.tokenizer, options.ledger].filter((path) => path !== undefined),
    ...filesOfRun(options.out),
  ]);
  return {
    fields: {
      bytes_counted: size.bytesCounted,
      bytes_limit: size.bytesLimit,
      within_limit: size.withinLimit,
      size_note: size.note,
      counted: size.counted.map(({ name, bytes, sha256, role }) => ({
        file: name,
        bytes,
        sha256,
        role,
      })),
      not_counted: notCounted,
      uncounted: uncounted.slice(0, LISTED).map(({ name }) => name),
    },
    findings: [...sizeFindings(size), ...uncountedFindings(size, uncounted)],
  };
}

/** The size against the cap of the rules, with what they ask to be counted. */
function sizeByRules(
  size: SizeAccount,
  notCounted: readonly CountedKind[],
  rule: Rules['size'],
): SizeAccount {
  if (rule === undefined) return size;
  const missing = rule.counted.filter((kind) => notCounted.includes(kind));
  const known = missing.length === 0;
  const names = missing.join(', ');
  return {
    ...size,
    bytesLimit: rule.limit,
    withinLimit: known ? size.bytesCounted <= rule.limit : null,
    note: known ? null : (size.note ?? `not counted: ${names}`),
    hint: known ? null : (size.hint ?? `add the ${names} to \`counted\` in artifact.json`),
  };
}

/** What the caller names lies in the folder and is none of the artifact's: data, or what a run wrote. */
function withoutNamed(artifact: Artifact, paths: readonly string[]): readonly UncountedFile[] {
  if (artifact.uncounted.length === 0) return artifact.uncounted;
  const named = new Set(paths.map(realPath));
  return artifact.uncounted.filter(({ name }) => !named.has(realPath(join(artifact.path, name))));
}

function filesOfRun(out: string | undefined): string[] {
  if (out === undefined) return [];
  return [...RUN_FILES.map(({ name }) => name), 'error.json'].map((name) => join(out, name));
}

/** The name of a built-in set, and a file that is gone, stay as they are. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** A bare model claims nothing of its size; a manifest does. */
function sizeFindings({ bytesCounted, bytesLimit, note: why, hint }: SizeAccount): Finding[] {
  if (why !== null && hint === null) return [];
  const findings: Finding[] = [];
  if (bytesCounted > bytesLimit) {
    findings.push(
      warn(
        'over-limit',
        `over the cap of ${figure(bytesLimit)} bytes by ${figure(bytesCounted - bytesLimit)}`,
        'store the model smaller: weights in fewer bits, or the file as .onnx.xz',
      ),
    );
  }
  if (why !== null) {
    findings.push(note('size-unknown', `the size is not judged: ${why}`, hint));
  }
  return findings;
}

/** Grave where the files could bring the sum over the cap. */
function uncountedFindings(size: SizeAccount, files: readonly UncountedFile[]): Finding[] {
  if (files.length === 0) return [];
  const known = files.flatMap(({ bytes }) => (bytes === null ? [] : [bytes]));
  const sum = known.reduce((total, bytes) => total + bytes, 0);
  const exceeds = size.bytesCounted <= size.bytesLimit && size.bytesCounted + sum > size.bytesLimit;
  const grave = exceeds || known.length < files.length;
  const names = files.slice(0, SHOWN).map(({ name }) => name.slice(0, SHOWN_NAME));
  const more = files.length > SHOWN ? ` and ${figure(files.length - SHOWN)} more` : '';
  const what = files.length === 1 ? 'a file' : `${figure(files.length)} files`;
  const effect = exceeds ? ', which with what is counted is over the cap' : '';
  const message = `nobody counted ${what} of the artifact's folder, ${figure(sum)} bytes${effect}: ${names.join(', ')}${more}`;
  const hint = 'add them to `counted` in artifact.json, or move them out of the folder';
  return [(grave ? warn : note)('uncounted-files', message, hint)];
}
