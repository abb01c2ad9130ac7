/**
 * All operations on arrays by name, for each library.
 */
import type { Operation } from './array.js';
import { converting } from './converting.js';
import { creating } from './creating.js';
import type { Library } from './dtypes.js';
import { joining } from './joining.js';
import { mathematics } from './mathematics.js';
import type { Operations } from './operation.js';
import { ordering } from './ordering.js';
import { reductions } from './reduce.js';
import { reshaping } from './reshaping.js';
import { selecting } from './selecting.js';

const made = new Map<Library, ReadonlyMap<string, Operation>>();

/** Functions of the library that take an array first are its methods too. */
export function operationsOf(library: Library): ReadonlyMap<string, Operation> {
  let all = made.get(library);
  if (all === undefined) {
    const groups: Operations[] = [
      ...[creating, mathematics, reductions, reshaping, joining, selecting, ordering].map((group) =>
        group(library),
      ),
      converting(library),
    ];
    all = new Map(groups.flatMap((group) => Object.entries(group)));
    made.set(library, all);
  }
  return all;
}
