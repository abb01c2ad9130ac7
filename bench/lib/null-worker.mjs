/**
 * A pool worker as `bpb score` has it, but for the session: where ONNX Runtime would compute, nats
 * are copied out of a fixed pattern. Everything around it is the code of the harness. It is outside
 * of the package, and nothing that makes a result can be given it.
 */
import { joinScores, splitBatch } from '../../dist/engine/cuda/split.js';
import { nanLogits } from '../../dist/engine/nan-logits.js';
import { runNative } from '../../dist/engine/native-session.js';
import { checkSizes, padBatch } from '../../dist/engine/pad.js';
import { listed } from '../../dist/engine/positions.js';
import { toQ30 } from '../../dist/engine/q30.js';
import { ScoreWorker } from '../../dist/run/score-worker.js';
import { announceStarted, threadData } from '../../dist/workers/pool.js';
import { threadCpuNs } from './thread-cpu.mjs';

/** Of different sizes, as those of a model are. */
const nats = new Float32Array(1 << 18);
/** `sums[k]` is the sum of the first k, in 2^-30 nats. */
const sums = new Float64Array(nats.length + 1);
for (let k = 0; k < nats.length; k++) {
  nats[k] = (8 * (Math.imul(k + 1, 0x9e3779b1) >>> 0)) / 2 ** 32;
  sums[k + 1] = sums[k] + toQ30(nats[k]);
}

/** In the place of the addon's session, and with the same answer. */
const session = {
  cpuNodes: '',
  async score({ scored, segmentEnds }) {
    const totals = new BigInt64Array(segmentEnds.length);
    let from = 0;
    for (let s = 0; s < segmentEnds.length; s++) {
      totals[s] = BigInt(sums[segmentEnds[s]] - sums[from]);
      from = segmentEnds[s];
    }
    return {
      nats: nats.slice(0, scored.length),
      totals,
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

const { meter, batches, ...setup } = threadData();
const [rows, time] = setup.shape;
const { graph } = setup.options;

/** The way of the onnx-cuda engine from a batch to the session and back. */
const engine = {
  info: { name: 'null', fixedRows: rows, fixedTime: time },
  async score(batch) {
    checkSizes(batch);
    const scores = [];
    for (const { batch: piece, firstScored } of splitBatch(batch, rows, null)) {
      const padded = padBatch(piece, engine.info, graph.path);
      const score = await runNative(
        session,
        listed(padded, graph, null),
        graph,
        (error) => error,
        (index) => nanLogits(graph, batch, firstScored + index),
      );
      scores.push({ ...score, shape: [rows, time] });
    }
    return joinScores(scores);
  },
};

const worker = new ScoreWorker(setup, {
  stateless: async () => ({ engine, notes: [] }),
  adaptive: async () => {
    throw new Error('rows without state only');
  },
});

/** `meter` is the CPU time of this one worker before the first of its batches and after the last. */
let done = 0;

export default async function run(task) {
  const reply = await worker.run(task);
  if (task.kind === 'open') meter[0] = BigInt(threadCpuNs());
  else if (++done === batches) meter[1] = BigInt(threadCpuNs());
  return reply;
}

announceStarted();
