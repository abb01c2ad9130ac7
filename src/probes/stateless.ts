/**
 * A stateless artifact as a subject: rows are batches of an engine, in a pool of worker threads.
 */
import { WorkerPool } from '../worker-pool.js';
import { splitNats } from './documents-stream.js';
import { inFreshProcess } from './fresh.js';
import {
  answerOf,
  type SessionAnswer,
  type SessionReply,
  type SessionSetup,
  type SessionTask,
} from './messages.js';
import type { ProbeRow, Subject } from './subject.js';

/** Rows that a worker takes at once: enough to be worth the message, few enough to share out. */
const ROWS_A_TASK = 4;

export interface OpenedSubject {
  readonly subject: Subject;
  /** Why better engines were not taken. */
  readonly notes: readonly string[];
}

/** @throws BpbError where the engine cannot be opened with the model */
export async function statelessSubject(
  setup: SessionSetup,
  workers: number,
): Promise<OpenedSubject> {
  const pool = new WorkerPool<SessionTask, SessionReply>({
    worker: new URL('./session-worker.js', import.meta.url),
    data: setup,
    workers,
    tasksPerWorker: 1,
  });
  const ask = async (task: SessionTask): Promise<SessionAnswer> => answerOf(await pool.run(task));
  let first: SessionAnswer;
  try {
    // All are heard before one's refusal is thrown: none is left in the middle of loading.
    const opened = await Promise.allSettled(
      Array.from({ length: workers }, () => ask({ kind: 'open' })),
    );
    const refused = opened.find((each) => each.status === 'rejected');
    if (refused !== undefined) throw refused.reason;
    first = (opened[0] as PromiseFulfilledResult<SessionAnswer>).value;
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
  const subject: Subject = {
    kind: 'stateless',
    info,
    rowInputs: Math.min(setup.window.seqLen, info.fixedTime ?? Number.POSITIVE_INFINITY),
    nats: async (rows, placement = 'alone') =>
      placement === 'alone' ? alone(rows) : (await ask({ kind: 'together', rows })).nats,
    fresh: (rows) => inFreshProcess(setup, { kind: 'alone', rows }),
    stream: async (documents) => {
      const { nats } = await ask({ kind: 'stream', documents });
      return splitNats(nats[0]!, documents);
    },
    close: () => pool.close(),
  };
  return { subject, notes };
}
