/** A runtime without an interpreter, for operations on arrays alone. */
import '#bpb/submission/python/library/modules';
import { unknownCall, unknownItem } from '#bpb/submission/python/library/losses';
import { arrayModule } from '#bpb/submission/python/library/modules';
import { PySlice } from '#bpb/submission/python/object-sequences';
import { PyDict, PyList, PyTuple } from '#bpb/submission/python/objects';
import { scalarBinary, scalarUnary } from '#bpb/submission/python/sums';
import {
  type Host,
  type Keywords,
  PyObject,
  type Runtime,
  Unknown,
  type Value,
} from '#bpb/submission/python/values';

/** A Python exception. */
export class Raised extends Error {
  constructor(
    readonly type: string,
    message: string,
  ) {
    super(`${type}: ${message}`);
  }
}

const here = { path: 'script.py', layer: 0, line: 1, reason: '' };

export class TestRuntime implements Runtime {
  readonly stops: string[] = [];
  readonly quotients: Value[] = [];
  readonly limits: [number, number][] = [];
  spent = 0;
  readonly functions = ['<module>'];
  readonly activation = 0;
  readonly loop = 0;
  readonly host: Host = {
    module: (name, runtime) => arrayModule(name, runtime),
    callUnknown: (callee, args, keywords, runtime) => unknownCall(callee, args, keywords, runtime),
    itemUnknown: (_, index, runtime) => unknownItem(index, runtime),
    setting: (_, value) => value,
    unbound: () => undefined,
    quotient: (value) => {
      this.quotients.push(value);
    },
    limited: (limit, actual) => {
      this.limits.push([limit, actual]);
    },
  };

  unknown(reason: string): Unknown {
    this.stops.push(reason);
    return new Unknown({ ...here, reason });
  }
  raise(type: string, message: string): never {
    throw new Raised(type, message);
  }
  spend(steps: number): void {
    this.spent += steps;
  }
  allocate(): void {}
  catches(): boolean {
    return false;
  }
  untilRaised(): Value | undefined {
    return undefined;
  }
  call(callee: Value, args: readonly Value[], keywords: Keywords = new Map()): Value {
    const result = callee instanceof PyObject ? callee.call(args, keywords, this) : undefined;
    return result === undefined ? this.raise('TypeError', 'object is not callable') : result;
  }
  attribute(value: Value, name: string): Value {
    const found = value instanceof PyObject ? value.attribute(name, this) : undefined;
    return found === undefined ? this.raise('AttributeError', name) : found;
  }
  binary(operator: string, left: Value, right: Value): Value {
    const first = left instanceof PyObject ? left.binary(operator, right, false, this) : undefined;
    if (first !== undefined) return first;
    const second = right instanceof PyObject ? right.binary(operator, left, true, this) : undefined;
    if (second !== undefined) return second;
    if (left instanceof Unknown || right instanceof Unknown) return this.unknown(operator);
    const plain = scalarBinary(operator, left as number, right as number, this);
    return plain === undefined ? this.raise('TypeError', operator) : plain;
  }
  compare(operator: string, left: Value, right: Value): Value {
    return this.binary(operator, left, right);
  }
  builtinType(): Value | undefined {
    return undefined;
  }
  unary(operator: string, value: Value): Value {
    const own =
      value instanceof PyObject
        ? value.unary(operator, this)
        : scalarUnary(operator, value as number, this);
    return own === undefined ? this.raise('TypeError', operator) : own;
  }
  item(value: Value, index: Value): Value {
    const own = value instanceof PyObject ? value.item(index, this) : undefined;
    return own === undefined ? this.raise('TypeError', 'not subscriptable') : own;
  }
  setItem(value: Value, index: Value, item: Value): void {
    if (!(value instanceof PyObject && value.setItem(index, item, this)))
      this.raise('TypeError', 'no items');
  }
  setAttribute(value: Value, name: string, item: Value): void {
    if (!(value instanceof PyObject && value.setAttribute(name, item, this)))
      this.raise('AttributeError', name);
  }
  truth(value: Value): boolean | null {
    return value instanceof PyObject ? value.truth(this) : Boolean(value);
  }
  equal(left: Value, right: Value): boolean | null {
    const result = this.binary('==', left, right);
    return typeof result === 'boolean' ? result : null;
  }
  length(value: Value): number | null {
    return value instanceof PyObject ? (value.length(this) ?? null) : null;
  }
  iterate(value: Value): Iterable<Value> {
    return (
      (value instanceof PyObject ? value.iterate(this) : undefined) ??
      this.raise('TypeError', 'not iterable')
    );
  }
  text(): string | null {
    return null;
  }
  list(items: Value[]): Value {
    return new PyList(items);
  }
  tuple(items: Value[]): Value {
    return new PyTuple(items);
  }
  dict(): Value {
    return new PyDict();
  }
  sequence(value: Value): readonly Value[] | null {
    return value instanceof PyList || value instanceof PyTuple ? value.items : null;
  }
  here() {
    return here;
  }

  /** `x.name(…)` */
  method(
    value: Value,
    name: string,
    args: readonly Value[] = [],
    keywords: Record<string, Value> = {},
  ): Value {
    return this.call(this.attribute(value, name), args, new Map(Object.entries(keywords)));
  }
  /** `module.name(…)`, such as `torch.nn.functional` and `cross_entropy`. */
  of(
    module: string,
    name: string,
    args: readonly Value[] = [],
    keywords: Record<string, Value> = {},
  ): Value {
    return this.method(arrayModule(module, this)!, name, args, keywords);
  }
}

export const slice = (start: Value = null, stop: Value = null, step: Value = null): Value =>
  new PySlice(start, stop, step);
