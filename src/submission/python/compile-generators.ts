/**
 * Statements of generator functions that yield, run on demand.
 */
import type { PyNode } from '../source/nodes.js';
import { branchesOf, UNDECIDED } from './compile-branches.js';
import { tryPlan, withItems } from './compile-guards.js';
import { bodiesOf, loopOf, skipped } from './compile-loops.js';
import { matchOf } from './compile-match.js';
import { compileTargets } from './compile-statements.js';
import { Raised, RunEnded, Undecided } from './failures.js';
import {
  BREAK,
  CONTINUE,
  type Compiler,
  type Completion,
  type Frame,
  type Generation,
  NORMAL,
  RETURN,
  type Statement,
  type Store,
} from './machine.js';
import { Unknown, type Value } from './values.js';

type Steps = Generator<Value, Completion, Value | undefined>;

export function yieldsIn(c: Compiler, node: PyNode): boolean {
  const { nodes } = c.module.source;
  for (let i = node.index; i < node.end; i++) {
    const { type, end } = nodes[i]!;
    if (type === 'YieldStatement' || type === 'YieldExpression') return true;
    if (/^(?:FunctionDefinition|LambdaExpression|ClassDefinition)$/.test(type)) i = end - 1;
  }
  return false;
}

export function generationOfBlock(c: Compiler, statements: readonly PyNode[]): Generation {
  const { machine } = c;
  const compiled = statements.map((each): { plain: Statement; steps: Generation | null } => ({
    plain: c.statement(each),
    steps: yieldsIn(c, each) ? generationOf(c, each) : null,
  }));
  return function* (frame): Steps {
    for (const { plain, steps } of compiled) {
      machine.spend(plain.cost);
      machine.at = plain.site;
      try {
        const completion = steps === null ? plain.run(frame) : yield* steps(frame);
        if (completion !== NORMAL) return completion;
      } catch (failure) {
        const unknown = machine.recover(failure, plain, frame);
        // What it would have yielded is missing.
        if (steps !== null) throw new Undecided(unknown);
      }
    }
    return NORMAL;
  };
}

function generationOf(c: Compiler, node: PyNode): Generation {
  switch (node.type) {
    case 'IfStatement':
      return generationOfIf(c, node);
    case 'ForStatement':
      return generationOfFor(c, node);
    case 'WhileStatement':
      return generationOfWhile(c, node);
    case 'WithStatement':
      return generationOfWith(c, node);
    case 'TryStatement':
      return generationOfTry(c, node);
    case 'MatchStatement':
      return generationOfMatch(c, node);
    default:
      return generationOfYield(c, node);
  }
}

/** `yield x`, `y = yield x`, `return (yield x)` */
function generationOfYield(c: Compiler, node: PyNode): Generation {
  const { machine } = c;
  const holder = firstYield(c, node);
  const store: Store = node.type === 'AssignStatement' ? compileTargets(c, node) : () => {};
  const kids = holder?.children.filter(({ type }) => type !== '⚠') ?? [];
  const from = kids[1]?.type === 'from';
  const parts = kids.slice(from ? 2 : 1);
  const value = parts.length === 0 ? () => null : c.parts(parts);
  const ends = node.type === 'ReturnStatement';
  return function* (frame): Steps {
    const result = value(frame);
    let sent: Value | undefined;
    if (!from) sent = yield result;
    else if (result instanceof Unknown) throw new Undecided(result);
    else for (const each of machine.iterate(result)) yield each;
    store(frame, sent ?? null);
    return ends ? RETURN : NORMAL;
  };
}

function firstYield(c: Compiler, node: PyNode): PyNode | undefined {
  const { nodes } = c.module.source;
  for (let i = node.index; i < node.end; i++) {
    if (/^Yield(?:Statement|Expression)$/.test(nodes[i]!.type)) return nodes[i];
  }
  return undefined;
}

function generationOfIf(c: Compiler, node: PyNode): Generation {
  const branches = branchesOf(c, node);
  const bodies = branches.bodies.map((body) => c.generation(body));
  return function* (frame): Steps {
    const chosen = branches.choose(frame);
    if (chosen === UNDECIDED) throw new Undecided(c.machine.doubt());
    return chosen < 0 ? NORMAL : yield* bodies[chosen]!(frame);
  };
}

function generationOfMatch(c: Compiler, node: PyNode): Generation {
  const { choose, bodies } = matchOf(c, node);
  const runs = bodies.map((body) => (body === undefined ? null : c.generation(body)));
  return function* (frame): Steps {
    const chosen = choose(frame);
    if (chosen instanceof Unknown) throw new Undecided(chosen);
    const run = runs[chosen];
    return run == null ? NORMAL : yield* run(frame);
  };
}

function generationOfFor(c: Compiler, node: PyNode): Generation {
  const { machine } = c;
  const { body, otherwise } = bodiesOf(node);
  const { store, source } = loopOf(c, node);
  const run = c.generation(body!);
  const final = otherwise === undefined ? null : c.generation(otherwise);
  return function* (frame): Steps {
    const values = source(frame);
    if (values instanceof Unknown) throw new Undecided(new Unknown(values.stop));
    for (const value of machine.iterate(values)) {
      machine.spend(1);
      store(frame, value);
      const completion = yield* run(frame);
      if (completion === NORMAL || completion === CONTINUE) continue;
      return completion === BREAK ? NORMAL : completion;
    }
    return final === null ? NORMAL : yield* final(frame);
  };
}

function generationOfWhile(c: Compiler, node: PyNode): Generation {
  const { machine } = c;
  const { body, otherwise } = bodiesOf(node);
  const condition = c.condition(node.children[1]!);
  const run = c.generation(body!);
  const final = otherwise === undefined ? null : c.generation(otherwise);
  const skip = skipped(c, body!);
  return function* (frame): Steps {
    for (;;) {
      machine.spend(1);
      const truth = condition(frame);
      if (truth === null) {
        skip(frame);
        throw new Undecided(machine.doubt());
      }
      if (!truth) return final === null ? NORMAL : yield* final(frame);
      const completion = yield* run(frame);
      if (completion === BREAK) return NORMAL;
      if (completion === RETURN) return RETURN;
    }
  };
}

function generationOfWith(c: Compiler, node: PyNode): Generation {
  const { machine } = c;
  const items = withItems(c, node);
  const run = c.generation(bodiesOf(node).body!);
  return function* (frame): Steps {
    const entered = items.map(({ value, store }) => {
      const manager = value(frame);
      store(frame, machine.enter(manager));
      return manager;
    });
    try {
      return yield* run(frame);
    } finally {
      for (const manager of entered.reverse()) machine.exit(manager, null);
    }
  };
}

function generationOfTry(c: Compiler, node: PyNode): Generation {
  const plan = tryPlan(c, node);
  const generation = (part: PyNode | null) => (part === null ? null : c.generation(part));
  const [body, otherwise] = [generation(plan.body), generation(plan.otherwise)];
  const final = plan.final === null ? null : c.block(plan.final);
  const handlers = plan.clauses.map((clause) => c.generation(clause.body));
  const guarded = function* (frame: Frame): Steps {
    // Between two steps of the body other code runs, whose exceptions are not this one's.
    const guard = (raised: Value) => plan.find(frame, raised) >= 0;
    try {
      const completion = yield* guardedSteps(c, body!(frame), guard);
      return completion === NORMAL && otherwise !== null ? yield* otherwise(frame) : completion;
    } catch (failure) {
      if (!(failure instanceof Raised)) throw failure;
      const chosen = plan.find(frame, failure.exception);
      if (chosen < 0) throw failure;
      plan.clauses[chosen]!.store?.(frame, failure.exception);
      return yield* handlers[chosen]!(frame);
    }
  };
  return function* (frame): Steps {
    let completion: Completion;
    try {
      completion = yield* guarded(frame);
    } catch (failure) {
      if (failure instanceof RunEnded || final === null) throw failure;
      const ended = final(frame);
      if (ended !== NORMAL) return ended;
      throw failure;
    }
    if (final === null) return completion;
    const ended = final(frame);
    return ended === NORMAL ? completion : ended;
  };
}

function* guardedSteps(c: Compiler, steps: Steps, guard: (raised: Value) => boolean): Steps {
  const { handlers } = c.machine;
  let sent: Value | undefined;
  for (;;) {
    handlers.push(guard);
    let step: IteratorResult<Value, Completion>;
    try {
      step = steps.next(sent);
    } finally {
      const at = handlers.lastIndexOf(guard);
      if (at >= 0) handlers.length = at;
    }
    if (step.done) return step.value;
    sent = yield step.value;
  }
}
