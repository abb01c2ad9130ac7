/** Every block that is written, by the name of its marker, and the documents that may have one. */
import { origin } from './common.mjs';
import { batches, batchRow, endToEnd, long } from './end-to-end.mjs';
import { kernel, lanes } from './kernel.mjs';
import { machine, steps } from './machine.mjs';
import { operators } from './operators.mjs';
import {
  calculated,
  calculatedKinds,
  families,
  inductor,
  measuredRoofline,
  modelled,
} from './roofline.mjs';
import { sotu } from './sotu.mjs';

export const DOCUMENTS = [
  'gpu.md',
  'cuda-kernel.md',
  'cuda-operators.md',
  'optimize.md',
  'performance.md',
  'roofline.md',
];

/** `{contents, batchRow}` of results, or of none (null). */
export function figures(results) {
  const from = origin(results);
  const told = (text) => (from === null ? text : `${from}.\n\n${text}`);
  return {
    contents: {
      machine: machine(results),
      steps: steps(results),
      kernel: told(kernel(results)),
      lanes: lanes(results),
      operators: told(operators(results)),
      'end-to-end': endToEnd(results),
      sotu: sotu(results),
      batches: batches(results),
      long: long(results),
      roofline: told(measuredRoofline(results)),
      'roofline-calculated': calculated(),
      'roofline-modelled': modelled(),
      'roofline-kinds': calculatedKinds(),
      'roofline-families': families(),
      'roofline-inductor': inductor(),
    },
    batchRow:
      results === null
        ? 'no row for src/engine/cuda/batch-shapes.ts: nothing is measured'
        : batchRow(results),
  };
}
