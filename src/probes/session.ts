/**
 * A session that answers probes, in whatever thread or process it was made.
 */
import { type Created, createEngine } from '../engine/create.js';
import type { Engine } from '../engine/types.js';
import type { WindowOptions } from '../windows/options.js';
import { joinDocuments } from './documents-stream.js';
import type { SessionAnswer, SessionSetup, SessionTask } from './messages.js';
import { scoredRow, scoreStream, scoreTogether } from './rows.js';

export class Session {
  private created: Promise<Created<Engine>> | undefined;

  constructor(private readonly setup: SessionSetup) {}

  async answer(task: SessionTask): Promise<SessionAnswer> {
    const { engine, notes } = await this.open();
    return { info: engine.info, notes, nats: await this.nats(task) };
  }

  async close(): Promise<void> {
    if (this.created !== undefined) await (await this.created).engine.close();
  }

  private open(): Promise<Created<Engine>> {
    const { engine, options } = this.setup;
    // ONNX Runtime's JavaScript API refuses shared memory, so each session has a copy of its own.
    this.created ??= createEngine(engine, { ...options, model: options.model.slice() });
    return this.created;
  }

  private async nats(task: SessionTask): Promise<Float32Array[]> {
    const { engine } = await this.open();
    switch (task.kind) {
      case 'open':
        return [];
      case 'together':
        return scoreTogether(engine, task.rows.map(scoredRow));
      case 'alone': {
        const nats: Float32Array[] = [];
        for (const row of task.rows) nats.push(...(await scoreTogether(engine, [scoredRow(row)])));
        return nats;
      }
      case 'stream': {
        const { window, batchTokens } = this.setup;
        // The few documents of a probe may be shorter than a row.
        const whole: WindowOptions = { ...window, tail: 'score', compat: null };
        return [await scoreStream(engine, joinDocuments(task.documents), whole, batchTokens)];
      }
    }
  }
}
