/**
 * Takes a final `c · tanh(z / c)` off the logits: the scorer applies it while it reads them anyway,
 * which saves three passes over the largest tensor of the run.
 */
import { makeNode } from '../graph.js';
import { Tensor } from '../tensor.js';
import { bind, either, findClosed, maybeCast, op, type Pattern, scalar } from './match.js';
import type { Workspace } from './workspace.js';

/** `cap · tanh(inner)`, which may be cast or reshaped at the end. */
function capped(inner: Pattern): Pattern {
  const product = op('Mul', [maybeCast(op('Tanh', [maybeCast(inner)])), scalar('cap')]);
  return either(product, op('Reshape', [maybeCast(product)]), op('Cast', [product]));
}

const divided = capped(
  either(op('Div', [bind('z'), scalar('c')]), op('Mul', [bind('z'), scalar('1/c')])),
);
/** The division is in the gain of the last norm, before the head. */
const bare = capped(bind('z'));

/** The softcap that the scorer now has to apply, or null. */
export function liftSoftcap(ws: Workspace, logits: string): number | null {
  const found = findClosed(ws, logits, divided);
  const cap = found?.numbers.get('cap') ?? 0;
  if (found !== null && cap > 0) {
    const inside = found.numbers.get('c') ?? 1 / (found.numbers.get('1/c') ?? Number.NaN);
    // A reciprocal in fp32 is off by half its last place: 6e-8.
    if (!(Math.abs(inside / cap - 1) < 1e-6)) return null;
    replace(ws, logits, found.values.get('z')!);
    return cap;
  }
  const plain = findClosed(ws, logits, bare);
  const outside = plain?.numbers.get('cap') ?? 0;
  if (plain === null || outside <= 0) return null;
  if (!scaleNorm(ws, plain.values.get('z')!, outside)) return null;
  replace(ws, logits, plain.values.get('z')!);
  return outside;
}

function replace(ws: Workspace, logits: string, z: string): void {
  const last = ws.producer(logits)!;
  const { type } = ws.fact(logits);
  const typed = ws.fact(z).type === type ? z : ws.insert(last, 'Cast', [z], { to: { int: type } });
  if (last.op === 'Reshape') ws.change(last, { inputs: [typed, ...last.inputs.slice(1)] });
  else ws.swap(last, makeNode('Identity', [typed], [logits]));
}

/** Multiplies the logits by `factor` in the gain of the norm that the head reads. */
function scaleNorm(ws: Workspace, z: string, factor: number): boolean {
  const head = ws.madeBy(z, 'Gemm') ?? ws.madeBy(z, 'MatMul');
  // A head with a bias would have to be scaled too.
  if (head?.inputs.length !== 2 || ws.isOutput(z) || ws.consumers(z).length > 1) return false;
  const norm = ws.madeBy(head.inputs[0]!, 'SimplifiedLayerNormalization');
  const gain = norm && ws.constant(norm.inputs[1]!);
  if (!norm || !gain || ws.seenOutside(norm.outputs[0]!, new Set([head]))) return false;
  const values = Float32Array.from(gain.dense().values, (value) => value * factor);
  const scaled = ws.add(new Tensor(gain.type, gain.dims, values), 'gain');
  ws.change(norm, { inputs: [norm.inputs[0]!, scaled] });
  return true;
}
