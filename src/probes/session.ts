/**
 * Session that answers the tasks of probes, in a worker thread or a child process.
 */
import { createAdaptiveEngine, createEngine } from '../engine/create.js';
import type { Engine, EngineInfo } from '../engine/types.js';
import { shortenRows, type WindowOptions } from '../windows/options.js';
import { joinDocuments } from './documents-stream.js';
import type { SessionAnswer, SessionSetup, SessionTask } from './messages.js';
import { scoreStream, scoreTogether } from './rows.js';
import { StatefulSession } from './stateful-session.js';
import type { ProbeRow } from './subject.js';

/** Operations of a session, for independent rows and for rows that carry state. */
interface Answers {
  alone(row: ProbeRow, frozen: boolean): Promise<Float32Array>;
  together(rows: readonly ProbeRow[]): Promise<Float32Array[]>;
  stream(documents: readonly Int32Array[]): Promise<Float32Array>;
}

interface Opened {
  readonly engine: { readonly info: EngineInfo; close(): Promise<void> };
  readonly notes: readonly string[];
  readonly answers: Answers;
}

export class Session {
  private opened: Promise<Opened> | undefined;

  constructor(private readonly setup: SessionSetup) {}

  async answer(task: SessionTask): Promise<SessionAnswer> {
    this.opened ??=
      this.setup.adaptive === null ? openStateless(this.setup) : openStateful(this.setup);
    const { engine, notes, answers } = await this.opened;
    return { info: engine.info, notes, nats: await natsOf(task, answers) };
  }

  async close(): Promise<void> {
    if (this.opened !== undefined) await (await this.opened).engine.close();
  }
}

async function natsOf(task: SessionTask, answers: Answers): Promise<Float32Array[]> {
  switch (task.kind) {
    case 'open':
      return [];
    case 'together':
      return answers.together(task.rows);
    case 'alone': {
      const nats: Float32Array[] = [];
      for (const row of task.rows) nats.push(await answers.alone(row, task.frozen ?? false));
      return nats;
    }
    case 'stream':
      return [await answers.stream(task.documents)];
  }
}

async function openStateless(setup: SessionSetup): Promise<Opened> {
  const { engine, notes } = await createEngine(setup.engine, setup.options);
  return { engine, notes, answers: standingAlone(engine, setup) };
}

function standingAlone(engine: Engine, { window, batchTokens }: SessionSetup): Answers {
  // The few documents of a probe may be shorter than a row.
  // No row of a score is longer than the graph's time axis.
  const rows = shortenRows(window, engine.info.fixedTime ?? window.seqLen);
  const whole: WindowOptions = { ...rows, tail: 'score', compat: null };
  return {
    alone: async (row) => (await scoreTogether(engine, [row]))[0]!,
    together: (rows) => scoreTogether(engine, rows),
    stream: (documents) => scoreStream(engine, joinDocuments(documents), whole, batchTokens),
  };
}

async function openStateful(setup: SessionSetup): Promise<Opened> {
  const adaptive = setup.adaptive!;
  const { engine, notes } = await createAdaptiveEngine(setup.engine, {
    ...setup.options,
    adaptive,
  });
  // What a stream leaves unscored at its end belongs to windows, of which chunks have none.
  const whole: WindowOptions = { ...setup.window, tail: 'score' };
  const session = new StatefulSession(engine, adaptive, whole);
  return {
    engine,
    notes,
    answers: {
      alone: (row, frozen) => session.alone(row, frozen),
      together: (rows) => session.together(rows),
      stream: (documents) => session.stream(joinDocuments(documents), setup.batchTokens),
    },
  };
}
