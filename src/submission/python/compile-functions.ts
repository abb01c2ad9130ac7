/**
 * Functions, lambdas and their calls.
 */
import type { PyNode } from '../source/nodes.js';
import { belonging } from './belonging.js';
import { yieldsIn } from './compile-generators.js';
import { mark } from './compile-stated.js';
import {
  type Compiler,
  type Execution,
  type Expression,
  Frame,
  type Generation,
  NORMAL,
} from './machine.js';
import { type Code, type Parameter, PyFunction, PyIterator } from './object-functions.js';
import { PyDict } from './object-mappings.js';
import { PyTuple } from './object-sequences.js';
import type { SourceModule } from './runtime.js';
import { Scope } from './scope.js';
import type { Keywords, Value } from './values.js';

function parametersOf(c: Compiler, list: PyNode | undefined): Parameter[] {
  const result: Parameter[] = [];
  let kind: Parameter['kind'] = 'plain';
  let star: '*' | '**' | null = null;
  const groups: PyNode[][] = [[]];
  for (const kid of list?.children ?? []) {
    if (kid.type === ',') groups.push([]);
    else if (!/^(?:[()]|⚠)$/.test(kid.type)) groups.at(-1)!.push(kid);
  }
  for (const group of groups) {
    star = null;
    const [first] = group;
    if (first === undefined) continue;
    if (c.text(first) === '/') {
      for (const [i, each] of result.entries()) result[i] = { ...each, kind: 'positional' };
      continue;
    }
    if (first.type === '*' || first.type === '**') star = first.type;
    const name = group.find(({ type }) => type === 'VariableName');
    if (name !== undefined) {
      const sign = group.findIndex(({ type }) => type === 'AssignOp');
      const annotation = group.find(({ type }) => type === 'TypeDef');
      result.push({
        name: c.text(name),
        kind: star ?? kind,
        defaultNode: (sign < 0 ? undefined : group[sign + 1]) ?? null,
        annotation: annotation?.children.at(-1) ?? null,
      });
    }
    if (star === '*') kind = 'keyword';
  }
  return result;
}

class FunctionCode implements Code {
  readonly module: SourceModule;
  readonly generator: boolean;
  readonly #plain: number;
  readonly #simple: boolean;
  #compiled: { size: number; run: Execution | null; generation: Generation | null } | null = null;

  constructor(
    private readonly c: Compiler,
    readonly name: string,
    readonly parameters: readonly Parameter[],
    readonly node: PyNode,
    private readonly body: PyNode,
  ) {
    this.module = c.module;
    this.generator = yieldsIn(c, body);
    this.#plain = parameters.filter(({ kind }) => kind === 'plain' || kind === 'positional').length;
    this.#simple = this.#plain === parameters.length;
  }
  #compile() {
    const { c, body } = this;
    const scope = new Scope('function', c.scope);
    for (const { name } of this.parameters) scope.declare(name);
    scope.bindAll(c.module.source, body);
    const inner = c.inside(scope);
    let run: Execution | null = null;
    let generation: Generation | null = null;
    if (body.type !== 'Body') {
      const value = inner.expression(body);
      run = (frame) => {
        frame.result = value(frame);
        return NORMAL;
      };
    } else if (this.generator) generation = inner.generation(body);
    else run = inner.block(body);
    return { size: scope.slots.size, run, generation };
  }
  invoke(self: PyFunction, args: readonly Value[], keywords: Keywords): Value {
    const { machine } = this.c;
    this.#compiled ??= this.#compile();
    const { size, run, generation } = this.#compiled;
    const closure = self.closure as Frame;
    const frame = new Frame(new Array(size), closure, closure.module, self);
    this.#bind(frame.slots, self, args, keywords);
    if (run === null) {
      machine.allocate(64);
      return new PyIterator(this.#yielded(frame, generation!), 'generator');
    }
    machine.entered(this.name);
    const { at, skippedReturn, skippedExit } = machine;
    machine.skippedReturn = false;
    try {
      const completion = run(frame);
      const open = completion === NORMAL && machine.skippedReturn;
      return open ? machine.doubt() : belonging(frame.result, ...args);
    } finally {
      machine.at = at;
      machine.skippedReturn = skippedReturn;
      machine.skippedExit = skippedExit;
      machine.leftFunction();
    }
  }
  *#yielded(frame: Frame, generation: Generation): Generator<Value, void, Value | undefined> {
    const { machine } = this.c;
    const steps = generation(frame);
    let sent: Value | undefined;
    for (;;) {
      machine.entered(this.name);
      const { at } = machine;
      let step: IteratorResult<Value, unknown>;
      try {
        step = steps.next(sent);
      } finally {
        machine.at = at;
        machine.leftFunction();
      }
      if (step.done) return;
      sent = yield step.value;
    }
  }
  #bind(
    slots: (Value | undefined)[],
    self: PyFunction,
    args: readonly Value[],
    keywords: Keywords,
  ): void {
    const { parameters } = this;
    const given = Math.min(args.length, this.#plain);
    for (let i = 0; i < given; i++) slots[i] = args[i];
    if (args.length > this.#plain || keywords.size > 0 || !this.#simple) {
      this.#bindRest(slots, args, keywords);
    }
    for (let i = 0; i < parameters.length; i++) {
      if (slots[i] !== undefined) continue;
      const value = self.defaults[i];
      if (value === undefined) {
        this.c.machine.raise(
          'TypeError',
          `${this.name}() missing a required argument: '${parameters[i]!.name}'`,
        );
      }
      slots[i] = value;
    }
  }
  #bindRest(slots: (Value | undefined)[], args: readonly Value[], keywords: Keywords): void {
    const { machine } = this.c;
    const { parameters } = this;
    const extra = new PyDict();
    for (const [name, value] of keywords) {
      const i = parameters.findIndex(
        (each) => each.name === name && (each.kind === 'plain' || each.kind === 'keyword'),
      );
      if (i < 0) extra.set(name, value, machine);
      else if (slots[i] === undefined) slots[i] = value;
      else machine.raise('TypeError', `${this.name}() got multiple values for argument '${name}'`);
    }
    let spread = false;
    let named = false;
    for (const [i, { kind }] of parameters.entries()) {
      if (kind === '*') {
        machine.allocate(8 + args.length);
        slots[i] = new PyTuple(args.slice(this.#plain));
        spread = true;
      } else if (kind === '**') {
        slots[i] = extra;
        named = true;
      }
    }
    if (!spread && args.length > this.#plain) {
      machine.raise(
        'TypeError',
        `${this.name}() takes ${this.#plain} positional arguments but ${args.length} were given`,
      );
    }
    if (!named && extra.entries.size > 0) {
      const [name] = extra.keys();
      machine.raise(
        'TypeError',
        `${this.name}() got an unexpected keyword argument '${String(name)}'`,
      );
    }
  }
}

function makeFunction(c: Compiler, code: FunctionCode): Expression {
  const { machine } = c;
  const defaults = code.parameters.map(({ defaultNode, name }) => {
    if (defaultNode === null) return null;
    mark(c, defaultNode, [name]);
    return c.expression(defaultNode);
  });
  return (frame) => {
    machine.allocate(32);
    const values = defaults.map((value) => value?.(frame));
    return new PyFunction(code, values, frame);
  };
}

export function compileDefinition(c: Compiler, node: PyNode): Expression {
  const kids = node.children;
  const name = kids.find(({ type }) => type === 'VariableName');
  const list = kids.find(({ type }) => type === 'ParamList');
  const body = kids.find(({ type }) => type === 'Body');
  if (name === undefined || body === undefined) {
    return c.unfollowed(node, 'a function that is not complete');
  }
  return makeFunction(c, new FunctionCode(c, c.text(name), parametersOf(c, list), node, body));
}

export function compileLambda(c: Compiler, node: PyNode): Expression {
  const body = node.children.at(-1);
  if (body === undefined || body.type === ':' || body.type === '⚠') {
    return c.unfollowed(node, 'a lambda that is not complete');
  }
  const list = node.children.find(({ type }) => type === 'ParamList');
  return makeFunction(c, new FunctionCode(c, '<lambda>', parametersOf(c, list), node, body));
}
