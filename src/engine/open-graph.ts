/**
 * Session creation with a fallback: the graph as it is, else an equivalent one that the runtime loads.
 */
import { BpbError } from '../errors.js';
import { makeLoadable } from '../onnx/loadable.js';
import { explainLoad } from './explain-load.js';
import type { GraphOptions } from './types.js';

export interface Opened<Session> {
  readonly session: Session;
  /** Remarks for the result on how it was opened. */
  readonly remarks: readonly string[];
}

/** The runtime's refusal of a graph, which another form of the graph may not meet; else undefined. */
export function loadRefusal(error: unknown): BpbError | undefined {
  return error instanceof BpbError && error.code === 'BPB_MODEL_LOAD' ? error : undefined;
}

/**
 * @param open throws BPB_MODEL_LOAD where the runtime does not load the graph
 * @throws what `open` throws, of the graph as it is
 */
export async function openGraph<Session>(
  { model, path }: Pick<GraphOptions, 'model' | 'path'>,
  open: (model: Uint8Array) => Promise<Session>,
): Promise<Opened<Session>> {
  try {
    return { session: await open(model), remarks: [] };
  } catch (error) {
    const refusal = loadRefusal(error);
    const loadable = refusal && loadableOrNull(model, path);
    if (!loadable) throw refusal ? explainLoad(refusal, { model, path }) : error;
    const session = await open(loadable).catch((again: unknown) => {
      throw loadRefusal(again) ? explainLoad(refusal, { model, path }) : again;
    });
    const remark =
      'opened with the inputs of Range squeezed to scalars and without declared inner shapes, ' +
      `because ONNX Runtime does not load the graph as it is: ${refusal.actual}`;
    return { session, remarks: [remark] };
  }
}

/** Null where nothing can be changed, or where the file is no graph: the runtime's own error is thrown. */
function loadableOrNull(model: Uint8Array, path: string): Uint8Array | null {
  try {
    return makeLoadable(model, path);
  } catch (error) {
    if (error instanceof BpbError) return null;
    throw error;
  }
}
