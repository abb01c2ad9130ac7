/**
 * The module of a pool worker: engines that run the artifact's model, and no others.
 */
import { createAdaptiveEngine, createEngine } from '../engine/create.js';
import { announceStarted, threadData } from '../workers/pool.js';
import type { Opened, Reply, RowsScore, WorkerSetup, WorkerTask } from './messages.js';
import { ScoreWorker } from './score-worker.js';

const worker = new ScoreWorker(threadData<WorkerSetup>(), {
  stateless: createEngine,
  adaptive: createAdaptiveEngine,
});

export default function run(task: WorkerTask): Promise<Reply<Opened | RowsScore>> {
  return worker.run(task);
}

announceStarted();
