/**
 * Sums of losses and of byte counts, kept by the stream position of the target that each term belongs to.
 */
import { apart, withAddition } from './added.js';
import { ARITHMETIC, COMPARISONS } from './number-operators.js';
import type { Runtime } from './runtime.js';
import { narrowest, PYTHON_NUMBER, type SumType } from './sum-types.js';
import { Terms } from './terms.js';
import { NativeFunction, PyObject, stopWith, Unknown, type Value } from './values.js';

/** What the terms of a sum are: nats of targets, or counts (bytes, tokens) that targets add. */
type SumKind = 'loss' | 'count';

/**
 * `constant + Σ terms.get(p) · atom(p)` over stream positions p. The atom of a `loss` is the nats of target p, whose
 * value is not known (position −1: a target that is not of the stream); a `count` has atom 1, so its numeric value is
 * `constant + Σ terms`.
 */
export class Sum extends PyObject {
  readonly typeName = 'Tensor';
  private readonly linear: Terms;

  constructor(
    readonly kind: SumKind,
    terms: ReadonlyMap<number, number> | Terms,
    readonly constant: number,
    readonly type: SumType = PYTHON_NUMBER,
    /** Sum of the counts that its parts were divided by before they were added, as in a mean of means. */
    readonly over: Sum | null = null,
    /** The target that all of its targets were equal to where they were counted by what they are. */
    private readonly place: number | null = null,
  ) {
    super();
    this.linear = terms instanceof Terms ? terms : Terms.of(terms);
  }

  get terms(): ReadonlyMap<number, number> {
    return this.linear.all;
  }
  /** Coefficients that reading the terms goes through. */
  get weight(): number {
    return this.linear.weight;
  }
  /** Coefficients that were gone through to make the sum. */
  get cost(): number {
    return this.linear.cost;
  }
  get dtype(): string | null {
    return this.type.dtype;
  }
  /** Null for a loss with terms. */
  get value(): number | null {
    if (this.kind === 'loss' && !this.linear.empty) return null;
    return this.constant + this.linear.total;
  }
  /** The position that the number belongs to: a token, or what a table has for it. */
  get tag(): number | null {
    return this.linear.single ?? this.place;
  }
  /** The position of the only term; null where there are more or none. */
  get single(): number | null {
    return this.linear.single;
  }
  get empty(): boolean {
    return this.linear.empty;
  }
  /** A count of several targets that are equal to that at a position. */
  at(place: number): Sum {
    return new Sum(this.kind, this.linear, this.constant, this.type, this.over, place);
  }
  /** Its terms, where they are of several equal targets. */
  get counted(): ReadonlyMap<number, number> | null {
    const alike = this.place !== null && this.linear.single === null;
    return alike && this.kind === 'count' && this.constant === 0 ? this.terms : null;
  }
  /** The same terms, whatever type holds the sum. */
  equals(other: Sum): boolean {
    const same = this.linear === other.linear && this.constant === other.constant;
    return same && this.kind === other.kind;
  }
  /** The targets differ in what they add, as bytes do. */
  get uneven(): boolean {
    return !this.linear.equal;
  }
  /** The sum held in a tensor of another type, or as a Python number. */
  as(dtype: string | null): Sum {
    if (dtype === this.dtype) return this;
    const half = dtype === 'float16' || dtype === 'bfloat16' ? dtype : null;
    const type = { dtype, running: narrowest(this.type.running, half) };
    return new Sum(this.kind, this.linear, this.constant, type, this.over, this.place);
  }
  scaled(factor: number): Sum {
    if (factor === 1) return this;
    const terms = Terms.combine([[this.linear, factor]]);
    return new Sum(this.kind, terms, this.constant * factor, this.type, this.over, this.place);
  }
  plus(other: Sum | number): Sum {
    if (typeof other === 'number') {
      if (other === 0) return this;
      const constant = this.constant + other;
      return new Sum(this.kind, this.linear, constant, this.type, this.over, this.place);
    }
    const dtype = this.dtype ?? other.dtype;
    const both = !this.linear.empty && !other.linear.empty;
    const added = both && dtype !== null ? dtype : null;
    const terms = Terms.combine([
      [this.linear, 1],
      [other.linear, 1],
    ]);
    const type = { dtype, running: narrowest(this.type.running, other.type.running, added) };
    const over =
      this.over === null ? other.over : other.over ? this.over.plus(other.over) : this.over;
    return new Sum(this.kind, terms, this.constant + other.constant, type, over);
  }

  override attribute(name: string): Value | undefined {
    return scalarAttribute(this, name);
  }
  override binary(operator: string, other: Value, reflected: boolean, runtime: Runtime) {
    return scalarProtocol(this, operator, other, reflected, runtime);
  }
  override unary(operator: string, runtime: Runtime): Value | undefined {
    return scalarUnary(operator, this, runtime);
  }
  override truth(): boolean | null {
    return this.value === null ? null : this.value !== 0;
  }
  /** With something added that is no loss of a target, at the line that is being run; null where it may be one. */
  withAdded(unknown: Unknown, runtime: Runtime): Sum | null {
    const { added } = runtime.host;
    if (this.kind !== 'loss' || added === undefined) return null;
    let last = 0;
    for (const [position, coefficient] of this.terms) {
      if (coefficient < 0) return null;
      last = Math.max(last, apart(position).position);
    }
    if (unknown.stop.ids !== last - 1) return null;
    const number = runtime.host.added!({ at: runtime.here(), smoothing: null });
    const terms = [...this.terms].map(([at, c]) => [withAddition(at, number), c] as const);
    return new Sum('loss', new Map(terms), this.constant, this.type, this.over);
  }
  override lastId(): number | undefined {
    if (this.kind !== 'loss') return this.tag ?? undefined;
    let last = -1;
    for (const position of this.terms.keys()) last = Math.max(last, apart(position).position);
    return last < 0 ? undefined : last;
  }
}

/** `numerator / denominator`; at least one of them is a sum with terms. */
export class Ratio extends PyObject {
  readonly typeName = 'Tensor';
  constructor(
    readonly numerator: Sum | number,
    readonly denominator: Sum | number,
  ) {
    super();
  }
  /** Null where a loss is in it. */
  get value(): number | null {
    const [above, below] = [numericValue(this.numerator), numericValue(this.denominator)];
    return above === null || below === null ? null : above / below;
  }
  override attribute(name: string): Value | undefined {
    return scalarAttribute(this, name);
  }
  override binary(operator: string, other: Value, reflected: boolean, runtime: Runtime) {
    return scalarProtocol(this, operator, other, reflected, runtime);
  }
  override unary(operator: string, runtime: Runtime): Value | undefined {
    return scalarUnary(operator, this, runtime);
  }
  override truth(): boolean | null {
    return this.value === null ? null : this.value !== 0;
  }
}

/** What a single number of a script can be here. */
export type Scalar = number | Sum | Ratio;

function isScalar(value: Value): value is Scalar | boolean {
  return (
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    value instanceof Sum ||
    value instanceof Ratio
  );
}

/** The number; null for a loss, and for what is no number. */
export function numericValue(value: Value): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  return value instanceof Sum || value instanceof Ratio ? value.value : null;
}

/** Attributes that a number, a numpy scalar and a tensor of no dimension have. */
function scalarAttribute(self: Sum | Ratio, name: string): Value | undefined {
  if (SAME.has(name)) return new NativeFunction(name, () => self);
  if (WITHOUT_TYPE.has(name)) {
    return new NativeFunction(name, () => (self instanceof Sum ? self.as(null) : self));
  }
  if (name === 'double' && self instanceof Sum) {
    return new NativeFunction(name, () => self.as('float64'));
  }
  if (name === '__index__' && self.value !== null) {
    const { value } = self;
    return new NativeFunction(name, () => Math.trunc(value));
  }
  if (name === 'ndim') return 0;
  if (name === 'real') return self;
  return undefined;
}

const SAME = new Set([
  ...[
    'detach',
    'cpu',
    'cuda',
    'clone',
    'to',
    'astype',
    'numpy',
    'contiguous',
    'mean',
    'sum',
    'float',
  ],
  ...['squeeze', 'conjugate', 'copy', 'double'],
]);
const WITHOUT_TYPE = new Set(['item', 'tolist', '__float__', '__int__', '__round__', '__abs__']);

function scalarProtocol(
  self: Scalar,
  operator: string,
  other: Value,
  reflected: boolean,
  runtime: Runtime,
): Value | undefined {
  if (other instanceof Unknown) {
    const sum = operator === '+' || (operator === '-' && !reflected);
    const kept = sum && self instanceof Sum ? self.withAdded(other, runtime) : null;
    return kept ?? new Unknown(stopWith(other.stop, [self as PyObject]));
  }
  if (!isScalar(other)) return operator === '==' ? false : operator === '!=' ? true : undefined;
  return reflected
    ? scalarBinary(operator, other, self, runtime)
    : scalarBinary(operator, self, other, runtime);
}

export function scalarUnary(operator: string, self: Scalar, runtime: Runtime): Value | undefined {
  if (operator === '+') return self;
  if (operator === '-') return scalarBinary('*', self, -1, runtime);
  const value = numericValue(self);
  if (value === null) return runtime.unknown(`${operator} of a loss`);
  return operator === '~' ? ~value : undefined;
}

/** `left operator right`, of numbers, sums and ratios. */
export function scalarBinary(
  operator: string,
  left: Scalar | boolean,
  right: Scalar | boolean,
  runtime: Runtime,
): Value | undefined {
  const a = typeof left === 'boolean' ? Number(left) : left;
  const b = typeof right === 'boolean' ? Number(right) : right;
  if (typeof a === 'object' || typeof b === 'object') {
    const result = linear(operator, a, b, runtime);
    if (result !== undefined) return paid(result, runtime);
  }
  const [x, y] = [numericValue(a), numericValue(b)];
  if (x === null || y === null)
    return runtime.unknown(`${operator} of a loss, whose value is not known`);
  const compare = COMPARISONS[operator];
  if (compare !== undefined) return compare(x, y);
  const result = ARITHMETIC[operator]?.(x, y);
  if (result === undefined) return undefined;
  return retagged(result, a, b);
}

function linear(operator: string, a: Scalar, b: Scalar, runtime: Runtime): Value | undefined {
  if (operator === '+') return add(a, b, runtime);
  if (operator === '-') return add(a, multiply(b, -1, runtime), runtime);
  if (operator === '*') return multiply(a, b, runtime);
  return operator === '/' ? divide(a, b, runtime) : undefined;
}

/** Coefficients of a quotient that are read for one step. */
const WEIGHT_PER_STEP = 8;

/** Steps and units of memory of a sum, beside what its terms cost. */
const SUM_STEPS = 4;
const SUM_UNITS = 8;

function paid(result: Value, runtime: Runtime): Value {
  runtime.spend(SUM_STEPS + (result instanceof Sum ? result.cost : 0));
  runtime.allocate(SUM_UNITS);
  return result;
}

/** A number made of tokens belongs to the later one. */
function retagged(value: number, ...from: Scalar[]): Scalar {
  const tags = from.flatMap((each) => (each instanceof Sum && each.tag !== null ? [each.tag] : []));
  const last = Math.max(-1, ...tags);
  const manifold = from.some(
    (each) => typeof each === 'object' && !(each instanceof Sum && each.tag !== null),
  );
  if (last < 0 || manifold) return value;
  return new Sum('count', new Map([[last, value]]), 0);
}

/** What is added to the bytes of one token, such as a space, is of that token. */
function withNumber(sum: Sum, number: number): Sum {
  const { kind, tag, value, type } = sum;
  const ofMany = kind !== 'count' || sum.single === null;
  if (ofMany || tag === null || value === null || number === 0) return sum.plus(number);
  return new Sum('count', new Map([[tag, value + number]]), 0, type);
}

/** A token less itself is 0, of that token; null where anything else is left. */
function ofToken(a: Sum, b: Sum): Sum | null {
  const { tag } = a;
  if (a.kind !== 'count' || tag === null || b.tag !== tag || a.value !== -b.value!) return null;
  return new Sum('count', new Map([[tag, 0]]), 0, a.type);
}

function add(a: Scalar, b: Scalar | Unknown, runtime: Runtime): Value {
  if (b instanceof Unknown) return b;
  if (a instanceof Ratio && b instanceof Ratio && a.denominator === b.denominator) {
    const numerator = add(a.numerator, b.numerator, runtime);
    if (typeof numerator !== 'number' && !(numerator instanceof Sum)) return numerator as Unknown;
    return made(new Ratio(numerator, a.denominator), runtime);
  }
  if (a instanceof Ratio)
    return b === 0 ? a : (moved(a, b, runtime) ?? add(divided(a), b, runtime));
  if (b instanceof Ratio)
    return a === 0 ? b : (moved(b, a, runtime) ?? add(a, divided(b), runtime));
  if (typeof a === 'number') return typeof b === 'number' ? a + b : withNumber(b, a);
  if (typeof b === 'number') return withNumber(a, b);
  if (a.kind === b.kind) return ofToken(a, b) ?? a.plus(b);
  const [loss, count] = a.kind === 'loss' ? [a, b] : [b, a];
  return loss.plus(count.value ?? 0);
}

/** A score and a number that is no score, such as an offset: they are printed as one figure. */
function moved({ numerator, denominator }: Ratio, by: Scalar, runtime: Runtime): Value | null {
  const below = numericValue(denominator);
  if (typeof by !== 'number' || below === null) return null;
  if (!(numerator instanceof Sum) || numerator.kind !== 'loss') return null;
  return made(new Ratio(numerator.plus(by * below), denominator), runtime);
}

/** The numerator's terms, each divided by the denominator's number. */
function divided({ numerator, denominator }: Ratio): Sum | number {
  const below = numericValue(denominator) ?? Number.NaN;
  if (typeof numerator === 'number') return numerator / below;
  const { value } = numerator;
  if (value !== null) return value / below;
  const { kind, constant, terms, type } = numerator.scaled(1 / below);
  return new Sum(kind, terms, constant, type, denominator instanceof Sum ? denominator : null);
}

/** factor · loss · Π times / Π below */
interface Product {
  readonly factor: number;
  readonly loss: Sum | null;
  readonly times: readonly Sum[];
  readonly below: readonly Sum[];
}

function product(value: Scalar): Product {
  if (typeof value === 'number') return { factor: value, loss: null, times: [], below: [] };
  if (value instanceof Sum) {
    return value.kind === 'loss'
      ? { factor: 1, loss: value, times: [], below: [] }
      : { factor: 1, loss: null, times: [value], below: [] };
  }
  const above = product(value.numerator);
  if (typeof value.denominator !== 'number') return { ...above, below: [value.denominator] };
  return { ...above, factor: above.factor / value.denominator };
}

function multiply(left: Scalar, right: Scalar, runtime: Runtime): Scalar | Unknown {
  if (typeof right === 'number' && left instanceof Sum) return left.scaled(right);
  if (typeof left === 'number' && right instanceof Sum) return right.scaled(left);
  const [a, b] = [product(left), product(right)];
  if (a.loss !== null && b.loss !== null) return runtime.unknown('a product of two losses');
  return composed(
    {
      factor: a.factor * b.factor,
      loss: a.loss ?? b.loss,
      times: [...a.times, ...b.times],
      below: [...a.below, ...b.below],
    },
    runtime,
  );
}

function divide(left: Scalar, right: Scalar, runtime: Runtime): Scalar | Unknown {
  if (numericValue(right) === 0) {
    if (typeof right === 'number') runtime.raise('ZeroDivisionError', 'division by zero');
    return runtime.unknown('division by a count of 0');
  }
  if (typeof right === 'number' && left instanceof Sum) {
    return left.kind === 'loss' ? made(left.scaled(1 / right), runtime) : left.scaled(1 / right);
  }
  const [a, b] = [product(left), product(right)];
  if (b.loss !== null) return runtime.unknown('a quotient with a loss below');
  return composed(
    {
      factor: a.factor / b.factor,
      loss: a.loss,
      times: [...a.times, ...b.below],
      below: [...a.below, ...b.times],
    },
    runtime,
  );
}

/** The count that may be bytes is kept; the others act as their numbers. */
const chosen = (sums: readonly Sum[]): Sum | null =>
  sums.find((sum) => sum.uneven) ?? sums[0] ?? null;

const numbers = (sums: readonly Sum[], but: Sum | null): number =>
  sums.reduce((value, sum) => (sum === but ? value : value * (sum.value ?? Number.NaN)), 1);

/** Without what stands above and below the line. */
function cancelled(product: Product): Product {
  const below = [...product.below];
  const times = product.times.filter((sum) => {
    const at = below.findIndex((other) => other.equals(sum));
    if (at >= 0) below.splice(at, 1);
    return at < 0;
  });
  return { ...product, times, below };
}

/** What one of several equal targets has, such as its bytes or its nats, times how many there are. */
function spread(product: Product): Product {
  const counts = product.times.find((sum) => sum.counted !== null);
  if (counts === undefined) return product;
  const ofOne = (sum: Sum | null): sum is Sum =>
    sum !== null && sum.constant === 0 && sum.single !== null && isAmong(counts, sum.single);
  const one = ofOne(product.loss) ? product.loss : product.times.find(ofOne);
  if (one === undefined) return product;
  const each = one.terms.get(one.single!)!;
  const terms = Terms.of(new Map([...counts.counted!].map(([at, count]) => [at, count * each])));
  const place = one.kind === 'count' ? counts.tag : null;
  const all = new Sum(one.kind, terms, 0, one.type, one.over, place);
  const times = product.times.filter((sum) => sum !== counts && sum !== one);
  return one === product.loss
    ? { ...product, loss: all, times }
    : { ...product, times: [all, ...times] };
}

const isAmong = (counts: Sum, position: number): boolean =>
  counts.tag === position || counts.terms.has(position);

function composed(whole: Product, runtime: Runtime): Scalar {
  const { factor, loss, times, below } = spread(cancelled(whole));
  const kept = loss ?? chosen(times);
  const denominator = chosen(below);
  const rest = numbers(times, kept) / numbers(below, denominator);
  const numerator = kept === null ? factor * rest : kept.scaled(factor * rest);
  return denominator === null ? numerator : made(new Ratio(numerator, denominator), runtime);
}

function made<T extends Sum | Ratio>(value: T, runtime: Runtime): T {
  const parts: readonly Value[] =
    value instanceof Ratio ? [value.numerator, value.denominator] : [value];
  for (const part of parts) {
    if (part instanceof Sum) runtime.spend(part.weight / WEIGHT_PER_STEP);
  }
  runtime.host.quotient(value, runtime);
  return value;
}
