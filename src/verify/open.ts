/**
 * The evaluation that a result is of, opened again; refused where an input is another one.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Artifact, loadArtifact } from '../artifact/load.js';
import { type BpbError, inputError } from '../errors.js';
import { openEvaluation, type PlannedEvaluation } from '../evaluation/open.js';
import { isBuiltIn } from '../evaluation/open-data.js';
import type { ScoreOptions } from '../evaluation/options.js';
import { partRange, planBatchesOf } from '../evaluation/plan.js';
import { portOptions } from '../evaluation/port-options.js';
import type { InputKind } from '../onnx/bind/types.js';
import { NONE } from '../rules/schema.js';
import type { ScoreResult } from '../score/result.js';
import { loadTokenizer } from '../tokenizer/load.js';
import type { VerifyOptions } from './options.js';

/** An evaluation, and how it was asked for. */
export interface Reopened {
  readonly evaluation: PlannedEvaluation;
  readonly asked: ScoreOptions;
}

/**
 * Opens the artifact with the settings of the result, in the batches and the part that the run had.
 *
 * @throws BPB_VERIFY_OTHER (input) where the artifact, the tokenizer or the data is another one;
 * BPB_VERIFY_DATA (input) where the data is not where the result says; whatever opening refuses
 */
export async function reopen(result: ScoreResult, options: VerifyOptions): Promise<Reopened> {
  const asked = askedOf(result, options);
  const artifact = await loadArtifact(asked.artifact, portOptions(asked));
  const path = asked.artifact;
  same('the artifact', path, result.artifact.sha256, artifact.sha256, '--artifact ARTIFACT');
  same(
    'the model',
    path,
    result.artifact.model_sha256,
    artifact.model.sha256,
    '--artifact ARTIFACT',
  );
  checkTokenizer(result, asked, artifact);
  const evaluation = await openEvaluation(asked, 'plan');
  checkData(result, evaluation);
  return { evaluation: inPart(result, evaluation), asked };
}

/** The options of the run, as far as they move the number. */
function askedOf(result: ScoreResult, options: VerifyOptions): ScoreOptions {
  const { window, engine, tokenizer } = result;
  const { artifact, threads, signal, onProgress } = options;
  const inputs = Object.entries(engine.inputs).flatMap(([name, { kind, by }]) =>
    by === 'caller' ? [[name, kind] as const] : [],
  );
  const start = tokenizer.document_start;
  return {
    artifact: artifact!,
    tokenizer: options.tokenizer ?? (tokenizer.kind === 'byte260' ? 'byte260' : undefined),
    documentStart: start ?? undefined,
    ...dataOf(result, options),
    window: window.mode,
    seqLen: window.seqLen,
    // A manifest's own would stand in the place of none.
    stride: window.stride ?? NONE,
    tail: window.tail,
    compat: window.compat ?? NONE,
    limitDocs: limitOf(result),
    input:
      inputs.length === 0 ? undefined : (Object.fromEntries(inputs) as Record<string, InputKind>),
    tokensInput: engine.tokens_input,
    logitsOutput: engine.logits_output,
    logitsAre: engine.logits_are,
    allowOp: options.allowOp,
    batchTokens: engine.batch_tokens,
    engine: 'onnx-js',
    workers: 1,
    threads,
    signal,
    onProgress,
  };
}

/** Only the first documents, where the result is of a part of the data; of no effect where it has no more. */
function limitOf({ coverage, tokenizer, data }: ScoreResult): number | undefined {
  const { document_start: start } = tokenizer;
  const known = (start !== null && start !== 'none') || data.documents !== null;
  return coverage.partial && known && coverage.documents > 0 ? coverage.documents : undefined;
}

type DataOptions = Pick<ScoreOptions, 'data' | 'docs' | 'textField' | 'sidecar'>;

function dataOf({ data }: ScoreResult, options: VerifyOptions): DataOptions {
  const { textField } = options;
  const recorded = data.documents === null ? undefined : data.documents.source;
  if (data.shards.length === 0) {
    // The documents are the stream.
    if (options.data !== undefined) return { data: options.data, docs: options.docs, textField };
    return { docs: options.docs ?? found(recorded, '--docs FILE'), textField };
  }
  const [sidecar] = data.sidecars;
  const docs =
    options.docs ?? (recorded === undefined ? undefined : found(recorded, '--docs FILE'));
  if (options.data !== undefined) {
    return { data: options.data, docs, textField, sidecar: options.sidecar };
  }
  const shards = data.shards.map(({ file }) => found(file, '--data DIR')!);
  const beside = sidecar === undefined ? undefined : dirname(found(sidecar.file, '--sidecar DIR')!);
  return { data: shards, docs, textField, sidecar: options.sidecar ?? beside };
}

/** A path that the result names, where something is there. */
function found(path: string | undefined, flag: string): string | undefined {
  if (path === undefined || existsSync(path) || isBuiltIn(path)) return path;
  throw inputError('BPB_VERIFY_DATA', {
    message: 'the data of the result is not where it was',
    path,
    expected: 'the file that the result names, from this directory',
    actual: 'nothing there',
    hint: `${flag} names where it is now`,
  });
}

function checkTokenizer(
  { tokenizer }: ScoreResult,
  { tokenizer: named }: ScoreOptions,
  artifact: Artifact,
): void {
  const own = artifact.tokenizer;
  const path = named ?? (own?.kind === 'sentencepiece' ? own.path : own?.kind);
  if (path === undefined) return; // opening names all that is missing
  same('the tokenizer', path, tokenizer.sha256, loadTokenizer(path).sha256, '--tokenizer FILE');
}

function checkData({ data }: ScoreResult, { data: opened }: PlannedEvaluation): void {
  const files = (
    what: string,
    flag: string,
    recorded: readonly { readonly sha256: string }[],
    now: readonly { readonly file: string; readonly sha256: string }[],
  ): void => {
    for (let k = 0; k < Math.max(recorded.length, now.length); k++) {
      const path = now[k]?.file ?? flag;
      same(`${what} ${k}`, path, recorded[k]?.sha256, now[k]?.sha256, flag);
    }
  };
  files('shard', '--data DIR', data.shards, opened.shards);
  files('sidecar', '--sidecar DIR', data.sidecars, opened.sidecar?.files ?? []);
  const { documents } = opened;
  const path = documents?.source ?? '--docs';
  same(
    'the text of the documents',
    path,
    data.documents?.sha256,
    documents?.sha256,
    '--docs FILE, with --text-field NAME,',
  );
}

function same(
  what: string,
  path: string,
  recorded: string | undefined,
  now: string | undefined,
  flag: string,
): void {
  if (recorded !== now) throw another(what, path, recorded, now, flag);
}

function another(
  what: string,
  path: string,
  recorded: string | undefined,
  now: string | undefined,
  flag: string,
): BpbError {
  return inputError('BPB_VERIFY_OTHER', {
    message: `${what} is not what the result is of`,
    path,
    expected: recorded === undefined ? 'none' : `sha256 ${recorded}`,
    actual: now === undefined ? 'none' : `sha256 ${now}`,
    hint: `${flag} names the one that was scored`,
  });
}

/** With the batches of the run, so that a part is the run's part; on a GPU all have one shape. */
function inPart(
  { coverage, engine }: ScoreResult,
  evaluation: PlannedEvaluation,
): PlannedEvaluation {
  const { artifact, axes, workload } = evaluation;
  const { plan, batchTokens } = workload;
  const fixed = engine.provider !== 'cpu';
  const batches = planBatchesOf(plan, batchTokens, artifact.adaptive, fixed, axes);
  const range = partRange(coverage.part ?? undefined, batches.count);
  return { ...evaluation, workload: { ...workload, batches, range } };
}
