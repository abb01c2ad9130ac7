/**
 * Error for logits that are no distribution, with the most likely cause.
 */

import { BpbError } from '../errors.js';
import { TYPE } from '../onnx/element-types.js';
import { OnnxGraph } from '../onnx/graph.js';
import type { StoredTensor } from '../onnx/stored-tensor.js';
import type { Batch, GraphOptions } from './types.js';

/** What the refusal needs of a graph. */
type ScoredModel = Pick<GraphOptions, 'model' | 'path' | 'rewritten' | 'logged'>;

/** A scored position whose logits are no distribution; `row` and `offset` are the batch's. */
export class NanLogitsError extends BpbError {
  readonly row: number;
  readonly offset: number;

  constructor(model: ScoredModel, row: number, offset: number) {
    super({
      kind: 'input',
      code: 'BPB_NAN_LOGITS',
      message: `The logits of row ${row}, position ${offset} of a batch are no distribution.`,
      path: model.path,
      expected: 'finite logits, or some of them -Infinity',
      actual: 'a NaN, a +Infinity, or nothing but -Infinity',
      hint: hintFor(model),
    });
    this.name = 'NanLogitsError';
    this.row = row;
    this.offset = offset;
  }
}

/** `index` counts the batch's scored positions. */
export function nanLogits(model: ScoredModel, batch: Batch, index: number): NanLogitsError {
  const position = batch.scored[index]!;
  return new NanLogitsError(model, Math.floor(position / batch.time), position % batch.time);
}

/** Read once: a probe may meet many such positions. */
const known = new WeakMap<Uint8Array, boolean>();

/** The square of 256 is already beyond it. */
const LIMIT = 'fp16, which ends at 65504: relu² leaves it at an activation of 256';

const LOGGED =
  'A number below 0 is no probability and has no log: score without --logits-are (or model.logitsAre).';

function hintFor({ model, path, rewritten, logged }: ScoredModel): string {
  if (logged) return LOGGED;
  let halves = known.get(model);
  if (halves === undefined) {
    halves = usesHalves(model, path);
    known.set(model, halves);
  }
  if (!halves) return 'Look for an overflow in the exported graph.';
  return rewritten
    ? `--optimize computes in ${LIMIT}. Give --precision fp32 with it, or leave --optimize out.`
    : `The graph computes in ${LIMIT}. Export it in fp32; --precision does not change its weights.`;
}

/** Whether anything of the graph is in fp16: a port, a constant, or what a Cast gives. */
function usesHalves(model: Uint8Array, path: string): boolean {
  const graph = OnnxGraph.parse(model, path);
  return graph.items.some((item) => {
    if (item.kind === 'other') return false;
    if (item.kind === 'initializer') return item.type === TYPE.float16;
    if (item.kind !== 'node') return item.elementType === TYPE.float16;
    if (item.op === 'Cast') return item.attributes.get('to')?.value === TYPE.float16;
    const constant = item.op === 'Constant' ? item.attributes.get('value')?.value : undefined;
    return (constant as StoredTensor | undefined)?.type === TYPE.float16;
  });
}
