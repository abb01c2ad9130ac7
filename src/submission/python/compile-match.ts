/**
 * `match` with literal, capture, sequence, mapping, class and value patterns.
 */
import type { PyNode } from '../source/nodes.js';
import { compileNumber } from './compile-values.js';
import { isOfClass } from './instance-of.js';
import { type Compiler, type Condition, type Execution, type Frame, NORMAL } from './machine.js';
import { PyDict } from './object-mappings.js';
import { PyList, PyRange, PyTuple } from './object-sequences.js';
import { Unknown, type Value } from './values.js';

/** Null where it is not known. */
type Pattern = (frame: Frame, value: Value) => boolean | null;

export function compileMatch(c: Compiler, node: PyNode): Execution {
  const { choose, bodies } = matchOf(c, node);
  const runs = bodies.map((body): Execution => (body === undefined ? () => NORMAL : c.block(body)));
  let forget: ReturnType<Compiler['forget']> | null = null;
  return (frame) => {
    const chosen = choose(frame);
    if (chosen instanceof Unknown) {
      forget ??= c.forget(node);
      forget(frame, chosen);
      return NORMAL;
    }
    return chosen < 0 ? NORMAL : runs[chosen]!(frame);
  };
}

interface Match {
  readonly bodies: readonly (PyNode | undefined)[];
  /** The clause that fits; -1: none. */
  choose(frame: Frame): number | Unknown;
}

export function matchOf(c: Compiler, node: PyNode): Match {
  const { machine } = c;
  const at = node.children.findIndex(({ type }) => type === 'MatchBody');
  const value = c.parts(node.children.slice(1, at < 0 ? undefined : at));
  const clauses = (node.children[at]?.children ?? [])
    .filter(({ type }) => type === 'MatchClause')
    .map((clause) => clauseOf(c, clause));
  return {
    bodies: clauses.map(({ body }) => body),
    choose(frame) {
      const subject = value(frame);
      for (const [i, { pattern, guard }] of clauses.entries()) {
        const fits = pattern(frame, subject);
        const truth = fits === true && guard !== null ? guard(frame) : fits;
        if (truth === null)
          return subject instanceof Unknown ? new Unknown(subject.stop) : machine.doubt();
        if (truth) return i;
      }
      return -1;
    },
  };
}

function clauseOf(c: Compiler, node: PyNode) {
  const guardNode = node.children.find(({ type }) => type === 'Guard');
  const body = node.children.find(({ type }) => type === 'Body');
  const patterns = node.children.filter(({ type }) => /Pattern$/.test(type));
  const guard: Condition | null =
    guardNode?.children[1] === undefined ? null : c.condition(guardNode.children[1]);
  const several = node.children.some(({ type }) => type === ',');
  const pattern = several ? sequence(c, patterns) : patternOf(c, patterns[0]);
  return { pattern, guard, body };
}

function patternOf(c: Compiler, node: PyNode | undefined): Pattern {
  const { machine } = c;
  if (node === undefined) return () => null;
  const inner = node.children.filter(({ type }) => /Pattern$/.test(type));
  switch (node.type) {
    case 'CapturePattern': {
      const name = c.text(node);
      if (name === '_') return () => true;
      const store = c.storeName(name);
      return (frame, value) => {
        store(frame, value);
        return true;
      };
    }
    case 'LiteralPattern': {
      const wanted = literal(c, node);
      return (frame, value) => machine.equal(wanted(frame), value);
    }
    case 'AttributePattern': {
      const [first, ...rest] = c
        .text(node)
        .split('.')
        .map((name) => name.trim());
      const load = c.name(first!);
      return (frame, value) => {
        const wanted = rest.reduce((owner, name) => machine.attribute(owner, name), load(frame));
        return machine.equal(wanted, value);
      };
    }
    case 'AsPattern': {
      const [pattern, store] = [patternOf(c, inner[0]), c.storeName(c.text(node.children.at(-1)!))];
      return (frame, value) => {
        const fits = pattern(frame, value);
        if (fits) store(frame, value);
        return fits;
      };
    }
    case 'OrPattern': {
      const patterns = inner.map((each) => patternOf(c, each));
      return (frame, value) => {
        for (const pattern of patterns) {
          const fits = pattern(frame, value);
          if (fits !== false) return fits;
        }
        return false;
      };
    }
    case 'SequencePattern':
      // `(a)` is the pattern in it.
      return inner.length === 1 && node.children.length === 3 && node.children[0]!.type === '('
        ? patternOf(c, inner[0])
        : sequence(c, inner);
    case 'MappingPattern':
      return mapping(c, node);
    case 'ClassPattern':
      return ofClass(c, node);
    default:
      return () => null;
  }
}

function literal(c: Compiler, node: PyNode): (frame: Frame) => Value {
  const [first, second] = node.children;
  if (first?.type === 'ArithOp' && second !== undefined) {
    const number = compileNumber(c, second);
    return (frame) => c.machine.unary(c.text(first), number(frame));
  }
  return c.expression(first!);
}

function sequence(c: Compiler, nodes: readonly PyNode[]): Pattern {
  const star = nodes.findIndex(({ type }) => type === 'StarPattern');
  const patterns = nodes.map((node) =>
    patternOf(c, node.type === 'StarPattern' ? node.children[1] : node),
  );
  return (frame, value) => {
    if (value instanceof Unknown) return null;
    if (!(value instanceof PyList || value instanceof PyTuple || value instanceof PyRange))
      return false;
    const items = [...value.iterate()];
    const extra = items.length - patterns.length;
    if (star < 0 ? extra !== 0 : extra < -1) return false;
    return all(patterns, (pattern, i) => {
      if (star < 0 || i < star) return pattern(frame, items[i]!);
      if (i > star) return pattern(frame, items[i + extra]!);
      return pattern(frame, new PyList(items.slice(star, star + extra + 1)));
    });
  };
}

function mapping(c: Compiler, node: PyNode): Pattern {
  const kids = node.children.filter(({ type }) => !/^(?:[{},:]|⚠)$/.test(type));
  const pairs: { key: (frame: Frame) => Value; pattern: Pattern }[] = [];
  let rest: Pattern | null = null;
  for (let i = 0; i < kids.length; i += 2) {
    const [key, value] = [kids[i]!, kids[i + 1]];
    if (key.type === '**') rest = patternOf(c, value);
    else pairs.push({ key: literal(c, key), pattern: patternOf(c, value) });
  }
  return (frame, value) => {
    if (value instanceof Unknown) return null;
    if (!(value instanceof PyDict)) return false;
    const left = value.copy(c.machine);
    const fits = all(pairs, ({ key, pattern }) => {
      const name = key(frame);
      const item = value.get(name, c.machine);
      left.delete(name, c.machine);
      return item === undefined ? false : pattern(frame, item);
    });
    return fits && rest !== null ? rest(frame, left) : fits;
  };
}

function ofClass(c: Compiler, node: PyNode): Pattern {
  const { machine } = c;
  const [named, list] = node.children;
  const [first, ...rest] = c
    .text(named!)
    .split('.')
    .map((name) => name.trim());
  const load = c.name(first!);
  const positional: Pattern[] = [];
  const keywords: { name: string; pattern: Pattern }[] = [];
  for (const kid of list?.children ?? []) {
    if (kid.type === 'KeywordPattern') {
      keywords.push({ name: c.text(kid.children[0]!), pattern: patternOf(c, kid.children.at(-1)) });
    } else if (/Pattern$/.test(kid.type)) positional.push(patternOf(c, kid));
  }
  return (frame, value) => {
    const cls = rest.reduce((owner, name) => machine.attribute(owner, name), load(frame));
    const fits = isOfClass(value, cls, machine);
    if (fits !== true) return fits;
    const names = positional.length === 0 ? [] : argumentNames(c, cls);
    const firsts = positional.map((pattern, i) => ({ name: names[i] ?? '', pattern }));
    if (names.length === 0 && firsts.length === 1) return firsts[0]!.pattern(frame, value);
    return all([...firsts, ...keywords], ({ name, pattern }) => {
      const item = machine.find(value, name);
      return item === undefined ? false : pattern(frame, item);
    });
  };
}

function argumentNames(c: Compiler, cls: Value): string[] {
  const names = c.machine.find(cls, '__match_args__');
  return (names === undefined ? [] : (c.machine.sequence(names) ?? [])).map(String);
}

function all<T>(items: readonly T[], each: (item: T, i: number) => boolean | null): boolean | null {
  for (const [i, item] of items.entries()) {
    const fits = each(item, i);
    if (fits !== true) return fits;
  }
  return true;
}
