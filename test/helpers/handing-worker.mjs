/** A pool's worker that hands a buffer over, and afterwards says how long its own is. */
import { announceStarted, handedOver } from '../../dist/workers/pool.js';

let last = null;

export default function run(task) {
  if (task.kind === 'left') return last.byteLength;
  const nats = Float32Array.from({ length: task.length }, (_, k) => k / 4);
  last = nats.buffer;
  return handedOver({ ok: { nats, totals: BigInt64Array.of(7n) } }, [last]);
}

announceStarted();
