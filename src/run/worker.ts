/**
 * Worker module of the scoring pool: an engine that runs the artifact's model.
 */
import { createAdaptiveEngine, createEngine } from '../engine/create.js';
import { serve } from '../workers/protocol.js';
import type { WorkerSetup } from './messages.js';
import { openScoreWorker } from './score-worker.js';

export default serve((setup: WorkerSetup) =>
  openScoreWorker(setup, { stateless: createEngine, adaptive: createAdaptiveEngine }),
);
