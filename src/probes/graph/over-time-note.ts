/**
 * What a note says of the operators that run over time.
 */
import type { OverTime } from './over-time.js';

const MAX_NAMED = 4;

const SAYS: readonly (readonly [OverTime['known'], string])[] = [
  ['yes', 'runs over time'],
  ['unknown', 'may run over time'],
  ['masked', 'runs over time, behind what may be a mask'],
];

/** The nodes that are known to run over time; where there is none, those that may. */
export function operatorsNote(uses: readonly OverTime[]): string {
  for (const [known, says] of SAYS) {
    const own = uses.filter((use) => use.known === known);
    if (own.length === 0) continue;
    const named = own.slice(0, MAX_NAMED).map(({ op, name, how }) => `${op} (${name}, ${how})`);
    if (own.length > MAX_NAMED) named.push(`${own.length - MAX_NAMED} more`);
    return `${says}: ${listed(named)}`;
  }
  return 'no operator of the graph is known to run over time';
}

function listed(names: readonly string[]): string {
  const [last] = names.slice(-1);
  return names.length === 1 ? last! : `${names.slice(0, -1).join(', ')} and ${last}`;
}
