/**
 * All probes of one artifact: its graphs are read, then it is opened and the listed probes run.
 */
import { BATCH_DEPENDENT, graphFindings } from '../artifact/graph-findings.js';
import type { Artifact } from '../artifact/load.js';
import { computedHalf } from '../artifact/precision.js';
import type { TokenStream } from '../data/types.js';
import type { EngineInfo } from '../engine/types.js';
import { BpbError } from '../errors.js';
import { bySeverity, type Finding } from '../finding.js';
import type { Progress } from '../progress.js';
import type { Tokenizer } from '../tokenizer/types.js';
import type { ProbeVerdict } from '../verdict.js';
import { probeGraph } from './graph/graph.js';
import { withOperators } from './located.js';
import type { SessionSetup } from './messages.js';
import { type OpenedSubject, openSubject } from './open-subject.js';
import { runProbes } from './run-probes.js';

/** Inputs of a row of random tokens, for which there is no data to bound it. */
const MAX_RANDOM_INPUTS = 2 ** 16;
/** Inputs of a document that carries state, at least: it must be longer than a chunk. */
const MIN_STATEFUL_INPUTS = 4096;
/** Probes that a scale of the whole batch fails: by later tokens, by padding, by other rows. */
const OF_THE_BATCH: ReadonlySet<string> = new Set([
  'length',
  'prefix',
  'causality',
  'batch',
  'documents',
  'order',
  'state',
]);

interface ProbeAll {
  readonly artifact: Artifact;
  readonly tokenizer: Tokenizer;
  /** The validation stream; null where there is none. */
  readonly stream: TokenStream | null;
  readonly setup: SessionSetup;
  readonly workers: number;
  readonly seed: number;
  readonly thorough: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

interface Probed {
  readonly verdicts: ProbeVerdict[];
  /** What the graphs say of the number, which a score says as well. */
  readonly findings: Finding[];
  readonly notes: string[];
  /** Null where the graph could only be read. */
  readonly info: EngineInfo | null;
  /** Largest difference in nats between two runs of the same thing; null where it has no bound. */
  readonly noise: number | null;
}

/** @throws BpbError where the artifact cannot be opened and its graph does not explain why */
export async function probeAll(options: ProbeAll): Promise<Probed> {
  const { artifact, tokenizer, stream, setup, workers, onProgress } = options;
  const findings = bySeverity(graphFindings(artifact));
  const causes = findings.filter(({ id }) => id === BATCH_DEPENDENT);
  const read = probeGraph(
    artifact,
    stream,
    tokenizer,
    causes.map(({ message }) => message),
  );
  onProgress?.({ phase: 'load', done: 0, total: null, unit: '', bpb: null });
  let opened: OpenedSubject;
  try {
    opened = await openSubject(setup, workers, longestInputs(options));
  } catch (error) {
    // The finding about the graph may be the reason why it cannot be opened.
    if (read.verdict !== 'fail' || !isRefusal(error)) throw error;
    const note = `only the graph was read, as it cannot be run: ${error.message}`;
    return { verdicts: [read], findings, notes: [note], info: null, noise: null };
  }
  // What activations are rounded to decides how far two right ways to compute are apart.
  const { info } = opened.subject;
  const precision = computedHalf(artifact) ?? info.precision;
  const subject = { ...opened.subject, info: { ...info, precision } };
  const notes = [...artifact.remarks, ...opened.notes];
  try {
    const { verdicts, noise } = await runProbes({
      ...options,
      subject,
      window: setup.window,
      onProbe: (done, total) =>
        onProgress?.({ phase: 'probe', done, total, unit: 'probes', bpb: null }),
    });
    const explained = causes.length === 0 ? verdicts : verdicts.map(caused);
    const located = withOperators(explained, artifact, subject.rowInputs);
    return { verdicts: [read, ...located], findings, notes, info: subject.info, noise };
  } finally {
    await subject.close();
  }
}

/** A failure of a model whose graph says why: it is the operator's doing, and no attempt to cheat. */
function caused(verdict: ProbeVerdict): ProbeVerdict {
  if (verdict.verdict !== 'fail' || !OF_THE_BATCH.has(verdict.name)) return verdict;
  const seen = verdict.note === null ? '' : `: ${verdict.note}`;
  return { ...verdict, note: `follows from what the graph probe names${seen}` };
}

export function anyFailed(verdicts: readonly ProbeVerdict[]): boolean {
  return verdicts.some(({ verdict }) => verdict === 'fail');
}

/** No row of the evaluation is longer, whatever a manifest or a flag says. */
function longestInputs({ stream, setup }: ProbeAll): number {
  if (stream === null) return MAX_RANDOM_INPUTS;
  const { ids, documentStarts } = stream;
  const last = ids.length - 1;
  if (setup.window.mode !== 'document') return Math.max(2, last);
  let longest = setup.adaptive === null ? 2 : MIN_STATEFUL_INPUTS;
  documentStarts.forEach((start, d) => {
    longest = Math.max(longest, (documentStarts[d + 1] ?? last) - start);
  });
  return longest;
}

function isRefusal(error: unknown): error is BpbError {
  return error instanceof BpbError && error.kind === 'input';
}
