/**
 * A worker that scores and adapts with state for ever; it says the number of each run that it is in.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { openAdaptiveNative } from '#bpb/engine/adaptive-native';

const { options, batch, adaptBatch } = workerData;
const engine = await openAdaptiveNative(options);
for (let round = 1; ; round++) {
  const state = engine.begin(batch.rows);
  const run = engine.score(batch, state, true);
  parentPort.postMessage(round);
  await run;
  if (adaptBatch) await engine.adapt(adaptBatch, state);
  if (round % 2 === 0) state.free(); // the others are left to the garbage collector and the end
}
