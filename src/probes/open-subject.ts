/**
 * Subject of the probes: an artifact opened in a pool of worker threads.
 */

import { type Adaptive, resetsAtDocuments } from '../artifact/adaptive.js';
import type { EngineInfo } from '../engine/types.js';
import { WorkerPool } from '../workers/pool.js';
import { splitNats } from './documents-stream.js';
import { inFreshProcess } from './fresh.js';
import type { SessionAnswer, SessionSetup, SessionTask } from './messages.js';
import type { ProbeRow, Subject } from './subject.js';

/** Rows that a worker takes at once: enough to be worth the message, few enough to share out. */
const ROWS_A_TASK = 4;

/** Inputs of a row that carries state, unless a chunk and its context are longer. */
const MAX_STATE_INPUTS = 1024;
const FULL_CHUNKS = 16;
/** Of the few rows as long as documents. */
const LONG_CHUNKS = 64;
const MAX_LONG_INPUTS = 4096;

export interface OpenedSubject {
  readonly subject: Subject;
  /** Why better engines were not taken. */
  readonly notes: readonly string[];
}

/**
 * @param longest inputs that a row may have: what a manifest asks for may be beyond any memory
 * @throws BpbError where the engine cannot be opened with the model
 */
export async function openSubject(
  setup: SessionSetup,
  workers: number,
  longest: number,
): Promise<OpenedSubject> {
  const pool = new WorkerPool<SessionTask, SessionAnswer, SessionAnswer>({
    module: new URL('./session-worker.js', import.meta.url),
    setup,
    workers,
    tasksPerWorker: 1,
  });
  const ask = (task: SessionTask): Promise<SessionAnswer> => pool.call(task);
  let first: SessionAnswer;
  try {
    first = (await pool.openAll())[0]!;
  } catch (error) {
    await pool.close();
    throw error;
  }

  const alone = async (rows: readonly ProbeRow[]): Promise<Float32Array[]> => {
    const tasks: Promise<SessionAnswer>[] = [];
    for (let from = 0; from < rows.length; from += ROWS_A_TASK) {
      tasks.push(ask({ kind: 'alone', rows: rows.slice(from, from + ROWS_A_TASK) }));
    }
    const settled = await Promise.allSettled(tasks);
    return settled.flatMap((each) => {
      if (each.status === 'rejected') throw each.reason;
      return each.value.nats;
    });
  };
  const { info, notes } = first;
  const { adaptive, window } = setup;
  const sideBySide = adaptive === null || resetsAtDocuments(adaptive);
  const subject: Subject = {
    carries: adaptive === null ? 'nothing' : sideBySide ? 'document' : 'always',
    isolates: window.mode === 'document' && sideBySide,
    // Documents that share a state come one after the other.
    info: sideBySide ? info : { ...info, fixedRows: 1 },
    rowInputs: Math.min(longest, rowInputs(setup, info)),
    longInputs: Math.min(longest, longInputs(setup, info)),
    batchTokens: setup.batchTokens,
    nats: async (rows, placement = 'alone') =>
      placement === 'alone' ? alone(rows) : (await ask({ kind: 'together', rows })).nats,
    fresh: (rows) => inFreshProcess(setup, { kind: 'alone', rows }),
    stream: async (documents) => {
      const { nats } = await ask({ kind: 'stream', documents });
      return splitNats(nats[0]!, documents);
    },
    frozen:
      adaptive?.adapt == null
        ? null
        : async (rows) => (await ask({ kind: 'alone', rows, frozen: true })).nats,
    close: () => pool.close(),
  };
  return { subject, notes };
}

/**
 * Of independent rows the length of the evaluation's; of those that carry state a few chunks,
 * and as many as fill the context, unless these are very many.
 */
function rowInputs({ adaptive, window, options }: SessionSetup, info: EngineInfo): number {
  if (adaptive === null) {
    // Batches of a GPU are made for the longest row of the plan.
    const padded = info.provider === 'cpu' ? undefined : options.cuda?.shape?.[1];
    const most = Number.POSITIVE_INFINITY;
    return Math.min(window.seqLen, info.fixedTime ?? most, padded ?? most);
  }
  const { chunk } = adaptive;
  const few = Math.min(MAX_STATE_INPUTS, Math.ceil(3.5 * chunk));
  const full = fullInputs(adaptive);
  return Math.max(2, few, chunk + 1, full <= FULL_CHUNKS * chunk ? full : 0);
}

/** A model may behave for some chunks and cheat in all that follow. */
function longInputs(setup: SessionSetup, info: EngineInfo): number {
  const { adaptive } = setup;
  const usual = rowInputs(setup, info);
  if (adaptive === null) return usual;
  const many = Math.min(MAX_LONG_INPUTS, LONG_CHUNKS * adaptive.chunk);
  return Math.max(usual, many, fullInputs(adaptive));
}

/** Up to a chunk that sees the whole context, and one input more, which reads what it left behind. */
function fullInputs({ chunk, context }: Adaptive): number {
  return (Math.ceil(context / chunk) + 1) * chunk + 1;
}
