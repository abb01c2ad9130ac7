/**
 * Worker module of the scoring pool with a null session: per-token losses are copied from a fixed
 * pattern instead of computed. Everything around the session is the code of the harness. It is
 * outside of the package, and no code that gives a result can load it.
 */

import { nanLogits } from '../../dist/engine/nan-logits.js';
import { runNative } from '../../dist/engine/native-session.js';
import { checkSizes, padBatch } from '../../dist/engine/pad.js';
import { withPositions } from '../../dist/engine/positions.js';
import { toQ30 } from '../../dist/engine/q30.js';
import { joinScores, splitBatch } from '../../dist/engine/split.js';
import { openScoreWorker } from '../../dist/run/score-worker.js';
import { serve } from '../../dist/workers/protocol.js';
import { threadCpuNs } from './thread-cpu.mjs';

/** Of different sizes, as those of a model are. */
const nats = new Float32Array(1 << 18);
/** `sums[k]` is the sum of the first k, in 2^-30 nats. */
const sums = new Float64Array(nats.length + 1);
for (let k = 0; k < nats.length; k++) {
  nats[k] = (8 * (Math.imul(k + 1, 0x9e3779b1) >>> 0)) / 2 ** 32;
  sums[k + 1] = sums[k] + toQ30(nats[k]);
}

/** Test double of the addon's session, with results of the same shape. */
const session = {
  cpuNodes: '',
  async score({ scored, spanEnds }) {
    const q30 = new BigInt64Array(spanEnds.length);
    let from = 0;
    for (let s = 0; s < spanEnds.length; s++) {
      q30[s] = BigInt(sums[spanEnds[s]] - sums[from]);
      from = spanEnds[s];
    }
    return {
      nats: nats.slice(0, scored.length),
      q30,
      infinite: 0,
      refused: -1,
      runSeconds: 0,
      scoreSeconds: 0,
      deviceToHostBytes: 4 * scored.length,
      vocabulary: 2 ** 16,
      type: 1,
    };
  },
};

/** The onnx-cuda engine's path from a batch to the session and back. */
function nullEngine({ shape: [rows, time], options: { graph } }) {
  return {
    info: { name: 'null', fixedRows: rows, fixedTime: time },
    async score(batch) {
      checkSizes(batch);
      const scores = [];
      for (const { batch: piece, firstScored } of splitBatch(batch, rows, null)) {
        const padded = padBatch(piece, this.info, graph.path);
        const score = await runNative(
          session,
          withPositions(padded, graph, null),
          graph,
          (error) => error,
          (index) => nanLogits(graph, batch, firstScored + index),
        );
        scores.push({ ...score, shape: [rows, time] });
      }
      return joinScores(scores);
    },
  };
}

/** `meter` gets the CPU time of this one worker before the first of its batches and after the last. */
export default serve(async ({ meter, batches, ...setup }) => {
  const { opened, handle } = await openScoreWorker(setup, {
    stateless: async () => ({ engine: nullEngine(setup), notes: [] }),
    adaptive: async () => {
      throw new Error('stateless rows only');
    },
  });
  let done = 0;
  meter[0] = BigInt(threadCpuNs());
  return {
    opened,
    handle: async (task) => {
      const result = await handle(task);
      if (++done === batches) meter[1] = BigInt(threadCpuNs());
      return result;
    },
  };
});
