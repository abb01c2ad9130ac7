/**
 * Numbers that larger ones bound, without an effect where the larger one stays so: `k < 500` of fewer rows.
 */
import type { PyNode } from '../source/nodes.js';
import type { Compiler } from './machine.js';

/** Watches the two numbers of a comparison or a division, and tells the host of the first pair. */
export function bounding(c: Compiler, node: PyNode): (a: number, b: number) => void {
  const { machine, module } = c;
  if (machine.host.bounded === undefined) return () => {};
  const bound = {
    at: machine.stopAt({ module, node }, ''),
    limit: Number.NaN,
    actual: Number.NEGATIVE_INFINITY,
    holds: true,
  };
  return (a, b) => {
    if (!bound.holds) return;
    const [least, most] = a < b ? [a, b] : [b, a];
    if (Number.isNaN(bound.limit)) {
      bound.limit = most;
      machine.host.bounded!(bound);
    }
    if (most !== bound.limit || least === most) bound.holds = false;
    else if (least > bound.actual) bound.actual = least;
  };
}
