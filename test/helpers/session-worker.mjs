/**
 * A worker that opens an engine on the model it is given and scores the same batch again and again.
 *
 * Messages: 'open' once it scores, then the nats of each batch, `rounds` of them, then 'closed'.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { createEngine } from '#bpb/engine/create';

const { options, batch, rounds } = workerData;
const { engine } = await createEngine('onnx-cpu', options);
parentPort.postMessage('open');
for (let round = 0; round < rounds; round++) {
  const { nats } = await engine.score(batch);
  parentPort.postMessage(nats);
}
await engine.close();
parentPort.postMessage('closed');
