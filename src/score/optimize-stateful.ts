/**
 * `--optimize` of an artifact that carries state: what its two graphs may be rewritten by, and its adapt graph
 * rewritten.
 */
import { type Adaptive, resetsAtDocuments, type StateTensor } from '../artifact/adaptive.js';
import { sha256 } from '../artifact/size.js';
import { type Optimized, type OptimizeOptions, optimize } from '../onnx/optimize/optimize.js';
import { shared } from '../shared-memory.js';

/** Ports by which state comes into a graph and leaves it. */
type Carried = NonNullable<OptimizeOptions['carried']>;

/**
 * Inputs a row of the score graph, where all rows are padded to one length; else null, and its time axis stays
 * open. Only a document's last chunk may be padded, as nothing reads the state after it; with context the first
 * chunks are shorter at their front.
 */
export function paddedTime(adaptive: Adaptive, longest: number): number | null {
  return adaptive.context === 0 && resetsAtDocuments(adaptive) ? longest : null;
}

/** Ports of the score graph. */
export function scorePorts({ tensors, adapt }: Adaptive): Carried {
  const writes = tensors.filter(({ name }) => !adapt?.writes.includes(name));
  return { inputs: shapes(tensors), outputs: outs(writes) };
}

/** The adapt graph that a run uses in the place of the artifact's own. */
export interface AdaptRewrite {
  readonly adaptive: Adaptive;
  readonly optimized: Pick<Optimized, 'rewrites' | 'untouched'>;
  readonly sha256: string;
}

/** An adapt graph that is left as it was exported, and so is the score graph; null where there is none. */
export function unchangedAdapt(adaptive: Adaptive | null): AdaptRewrite | null {
  if (adaptive === null || adaptive.adapt === null) return null;
  const optimized = { rewrites: [], untouched: [] };
  return { adaptive, optimized, sha256: sha256(adaptive.adapt.bytes) };
}

/**
 * Rewrites the adapt graph, in fp32: an update is a small difference of large numbers, and what it loses is
 * carried on.
 *
 * @returns null where the artifact has no adapt graph
 * @throws BPB_OPTIMIZE
 */
export function rewriteAdapt(
  adaptive: Adaptive,
  { operators, attention }: Pick<OptimizeOptions, 'operators' | 'attention'>,
): AdaptRewrite | null {
  const { adapt, tensors, chunk } = adaptive;
  if (adapt === null) return null;
  const named = (names: readonly string[]) => tensors.filter(({ name }) => names.includes(name));
  const inputs = new Map<string, readonly (number | null)[]>(shapes(named(adapt.reads)));
  // Where all state begins anew at documents, only whole chunks are adapted to.
  const whole = resetsAtDocuments(adaptive) ? chunk : null;
  if (adapt.targets !== null) inputs.set(adapt.targets, [whole]);
  const { bytes, ...optimized } = optimize(adapt.bytes, {
    precision: 'fp32',
    seqLen: paddedTime(adaptive, chunk),
    operators,
    attention,
    path: adapt.path,
    tokensInput: adapt.tokens,
    logitsOutput: null,
    carried: { inputs, outputs: outs(named(adapt.writes)) },
  });
  const rewritten = { ...adapt, bytes: shared(bytes), rewritten: true };
  return { adaptive: { ...adaptive, adapt: rewritten }, optimized, sha256: sha256(bytes) };
}

function shapes(tensors: readonly StateTensor[]): ReadonlyMap<string, readonly number[]> {
  return new Map(tensors.map((tensor) => [tensor.in, tensor.shape]));
}

function outs(tensors: readonly StateTensor[]): ReadonlySet<string> {
  return new Set(tensors.map(({ out }) => out));
}
