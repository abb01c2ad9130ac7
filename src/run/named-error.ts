/**
 * An engine knows the row of its batch; a reader wants the place in the stream.
 */
import type { TokenStream } from '../data/types.js';
import { BpbError } from '../errors.js';
import type { WindowPlan } from '../windows/plan.js';
import { documentOf } from './assemble.js';

/** @param rows of the plan, as they stood in the batch */
export function namedError(
  error: unknown,
  rows: Uint32Array,
  plan: WindowPlan,
  stream: TokenStream,
): unknown {
  if (!(error instanceof BpbError) || error.code !== 'BPB_NAN_LOGITS') return error;
  const { row, offset } = error as BpbError & { row?: number; offset?: number };
  if (row === undefined || offset === undefined) return error;
  const planRow = rows[row]!;
  const position = plan.row(planRow).start + offset;
  const document = documentOf(stream.documentStarts, position);
  return new BpbError({
    ...error,
    kind: error.kind,
    code: error.code,
    message: `${error.message} (row ${planRow} of the plan, stream position ${position}, document ${document})`,
  });
}
