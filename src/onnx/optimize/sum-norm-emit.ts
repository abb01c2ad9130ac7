/**
 * One SumNorm node: how its terms are laid out, and its inputs, outputs and attributes.
 *
 * The operator sums some terms by themselves, multiplies that by `carry`, and adds the others
 * (native/src/operators/operators.h).
 */
import { TYPE } from '../element-types.js';
import type { Node } from '../graph.js';
import { Tensor } from '../tensor.js';
import { added, type Factor, isActivation, multiplied, type Term } from './linear.js';
import { normalAxis } from './movement.js';
import { DOMAIN } from './own-operators.js';
import type { Workspace } from './workspace.js';

/** Activations that it sums, at most. */
export const MAX_TERMS = 4;

/** Elements of all factors: 64 MiB. A thousand layers of a width of 4,096 come to a quarter of it. */
const MAX_ELEMENTS = 1 << 24;

export interface Layout {
  /** Terms of the first sum; none where all stand together. */
  readonly group: readonly Term[];
  readonly carry: Factor;
  readonly rest: readonly Term[];
}

/** Names of the outputs, '' for one that is not wanted. */
interface Outputs {
  readonly first: string;
  readonly sum: string;
  readonly norm: string;
}

interface Scaling {
  /** Name of a constant `[width]`. */
  readonly gain: string;
  readonly epsilon: number | undefined;
}

/** A norm of the value over its last axis, with a constant gain for each place. */
export function isNorm(ws: Workspace, node: Node, of: string): boolean {
  if (node.op !== 'SimplifiedLayerNormalization' || node.domain !== '') return false;
  const [x, gain] = node.inputs;
  const dims = ws.dims(of);
  if (node.outputs.length !== 1 || x !== of || !dims || !isActivation(ws, of)) return false;
  const own = ws.constant(gain!);
  if (own?.type !== ws.fact(of).type) return false;
  const last = normalAxis(ws.number(node, 'axis') ?? -1, dims.length) === dims.length - 1;
  return last && own.dims.length === 1 && own.dims[0] === dims.at(-1);
}

/**
 * The terms of a value, with `first` as the first sum where it is given, else a sum that has a factor, which
 * then is read once. Null where fp32 does not hold a product of factors, or `first` is read twice.
 */
export function layoutOf(
  value: string,
  first: string | null,
  terms: ReadonlyMap<string, readonly Term[]>,
  expands: (name: string) => boolean,
): Layout | null {
  const [group, rest]: [Map<string, Factor>, Map<string, Factor>] = [new Map(), new Map()];
  let [grouped, carry]: [string | null, Factor] = [null, 1];
  const add = (to: Map<string, Factor>, name: string, factor: Factor): boolean => {
    const before = to.get(name);
    const sum = before === undefined ? factor : added(before, factor);
    if (sum !== null) to.set(name, sum);
    return sum !== null;
  };
  const visit = (name: string, factor: Factor, to: Map<string, Factor>): boolean => {
    const own = terms.get(name);
    if (name !== first && name !== value && !expands(name)) return add(to, name, factor);
    let [by, into] = [factor, to];
    const apart = first === null ? own!.length > 1 && factor !== 1 : name === first;
    if (apart && grouped === null) [grouped, carry, by, into] = [name, factor, 1, group];
    else if (name === first) return false;
    return own!.every((term) => {
      const product = multiplied(by, term.factor);
      return product !== null && visit(term.name, product, into);
    });
  };
  if (!visit(value, 1, rest)) return null;
  const listed = (map: Map<string, Factor>) => [...map].map(([name, factor]) => ({ name, factor }));
  return { group: listed(group), carry, rest: listed(rest) };
}

/** Writes the nodes, and each of their constants once. */
export class SumNormWriter {
  count = 0;
  private readonly constants = new Map<Float32Array | string, string>();
  private elements = 0;

  constructor(private readonly ws: Workspace) {}

  /** Whether the constants that were made are as large as a rewrite may make them. */
  get full(): boolean {
    return this.elements > MAX_ELEMENTS;
  }

  /** Puts the node before another one. It takes over the names of its outputs. */
  put(
    before: Node,
    { group, carry, rest }: Layout,
    { first, sum, norm }: Outputs,
    scaling: Scaling | null,
  ): void {
    const { ws } = this;
    const terms = [...group, ...rest];
    const width = ws.dims(terms[0]!.name)!.at(-1)!;
    const slots = (of: (term: Term) => string) =>
      Array.from({ length: MAX_TERMS }, (_, k) => (k < terms.length ? of(terms[k]!) : ''));
    const inputs = [
      ...slots(({ name }) => name),
      ...slots(({ factor }) => this.constant(factor, width)),
      group.length === 0 ? '' : this.constant(carry, width),
      scaling === null ? '' : this.gain(scaling.gain),
    ];
    const attributes = {
      first_terms: { int: group.length },
      epsilon: { float: scaling === null ? 0 : (scaling.epsilon ?? 1e-5) },
    };
    ws.insert(before, 'SumNorm', inputs, attributes, DOMAIN, [first, sum, norm]);
    this.count++;
  }

  private constant(factor: Factor, width: number): string {
    if (factor === 1) return '';
    const key = typeof factor === 'number' ? `${factor} ${width}` : factor;
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const values = typeof factor === 'number' ? new Float32Array(width).fill(factor) : factor;
    const name = this.ws.add(new Tensor(TYPE.float32, [width], values), 'factor');
    this.constants.set(key, name);
    this.elements += width;
    return name;
  }

  /** The gain in fp32; none where all of it is 1. */
  private gain(name: string): string {
    const { ws } = this;
    const tensor = ws.constant(name)!;
    if (tensor.uniform() === 1) return '';
    if (tensor.type === TYPE.float32) return name;
    return ws.add(new Tensor(TYPE.float32, tensor.dims, tensor.dense().values), 'gain');
  }
}
