/**
 * Stream position and document of logits that an engine refused: the engine has only the batch.
 */
import { documentOf, ownerOffset } from '../data/document-starts.js';
import type { TokenStream } from '../data/types.js';
import { NanLogitsError } from '../engine/nan-logits.js';
import { BpbError } from '../errors.js';
import type { WindowPlan } from '../windows/plan.js';

/**
 * The error with the plan row, the stream position and the document of the refused logits in its
 * message; any other error as it is.
 *
 * @param rows plan rows of the batch, in its order
 */
export function locateError(
  error: unknown,
  rows: Uint32Array,
  plan: Pick<WindowPlan, 'row'>,
  stream: Pick<TokenStream, 'documentStarts' | 'startId'>,
): unknown {
  if (!(error instanceof NanLogitsError)) return error;
  const planRow = rows[error.row]!;
  const position = plan.row(planRow).start + error.offset;
  const document = documentOf(stream.documentStarts, position + ownerOffset(stream));
  return new BpbError({
    ...error,
    kind: error.kind,
    code: error.code,
    message: `${error.message} (row ${planRow} of the plan, stream position ${position}, document ${document})`,
  });
}
