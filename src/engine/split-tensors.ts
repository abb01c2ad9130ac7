/**
 * Split of an artifact's state tensors: which graph reads and which writes each.
 */
import type { Adaptive } from '../artifact/adaptive.js';

/** Which tensors the score graph reads and writes, and which the adapt graph does. */
export function splitTensors(adaptive: Adaptive, scoreInputs: readonly string[]) {
  const { tensors, adapt } = adaptive;
  const adapts = {
    reads: tensors.filter(({ name }) => adapt?.reads.includes(name)),
    writes: tensors.filter(({ name }) => adapt?.writes.includes(name)),
  };
  return {
    reads: tensors.filter((tensor) => scoreInputs.includes(tensor.in)),
    writes: tensors.filter((tensor) => !adapts.writes.includes(tensor)),
    adapts,
  };
}
