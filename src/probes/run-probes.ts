/**
 * Run of the listed probes on one open subject, one after the other.
 */
import { BpbError } from '../errors.js';
import type { ProbeVerdict } from '../verdict.js';
import { FAST, type Outcome, type Probe, type ProbeContext, THOROUGH } from './context.js';
import { Differences } from './differences.js';
import { PROBES } from './list.js';
import { measureNoise, repeatedRows } from './repeat.js';
import type { ProbeRow } from './subject.js';
import { findWidth } from './vocabulary.js';

interface RunProbes
  extends Pick<ProbeContext, 'subject' | 'tokenizer' | 'stream' | 'window' | 'seed'> {
  readonly thorough: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of finished probes, and with the total. */
  readonly onProbe?: ((done: number, total: number) => void) | undefined;
}

interface ProbesRun {
  readonly verdicts: ProbeVerdict[];
  /** Largest difference in nats between two runs of the same thing; null where it has no bound. */
  readonly noise: number | null;
}

/**
 * @throws BPB_MODEL_RUN where no row of the wanted length can be run; BPB_INTERRUPTED when the signal
 * aborts; environment and internal errors. Another input error, which is the model's fault, becomes
 * a verdict instead.
 */
export async function runProbes(options: RunProbes): Promise<ProbesRun> {
  const { subject, tokenizer, thorough, signal, onProbe } = options;
  const effort = thorough ? THOROUGH : FAST;
  const width = await findWidth(subject, tokenizer.pieces.length);
  const before = { ...options, effort, width };
  const rows = repeatedRows(before);
  await expectToRun(subject, rows[0]!);
  const noise = await measureNoise(subject, rows).catch(ofTheModel);
  const context: ProbeContext = { ...before, noise: noise ?? new Differences() };
  const verdicts: ProbeVerdict[] = [];
  for (const probe of PROBES) {
    if (signal?.aborted) throw interrupted();
    onProbe?.(verdicts.length, PROBES.length);
    verdicts.push(await verdictOf(probe, context));
  }
  onProbe?.(verdicts.length, PROBES.length);
  const largest = context.noise.largest;
  return { verdicts, noise: Number.isFinite(largest) ? largest : null };
}

/**
 * A row of the length that was asked for: where the graph does not run it at all, nothing was seen
 * of the model, and no probe has a verdict.
 *
 * @throws BPB_MODEL_RUN
 */
async function expectToRun(subject: ProbeContext['subject'], row: ProbeRow): Promise<void> {
  await subject.nats([row]).catch((error: unknown) => {
    if (error instanceof BpbError && error.code === 'BPB_MODEL_RUN') throw error;
    ofTheModel(error);
  });
}

async function verdictOf(probe: Probe, context: ProbeContext): Promise<ProbeVerdict> {
  const { name, what } = probe;
  const outcome = await probe.run(context).catch((error: unknown): Outcome => {
    ofTheModel(error);
    const { message, actual } = error as BpbError;
    const note = `the model could not be run: ${message}${actual === undefined ? '' : ` (${actual})`}`;
    return { effect: null, unit: null, tolerance: null, verdict: 'fail', note };
  });
  return { name, what, ...outcome };
}

/** Null for an input error, which is the model's fault; throws any other. */
function ofTheModel(error: unknown): null {
  if (error instanceof BpbError && error.kind === 'input') return null;
  throw error;
}

function interrupted(): BpbError {
  return new BpbError({
    kind: 'interrupted',
    code: 'BPB_INTERRUPTED',
    message: 'interrupted; the probes are not done',
  });
}
