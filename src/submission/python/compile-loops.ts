/**
 * `for`, `while`, `with` and `try`.
 */
import type { PyNode } from '../source/nodes.js';
import { branchesOf } from './compile-branches.js';
import { targetOf } from './compile-comprehensions.js';
import { mayHold, mayHoldAny, type TryPlan, tryPlan, withItems } from './compile-guards.js';
import { Raised, RunEnded } from './failures.js';
import {
  BREAK,
  CONTINUE,
  type Compiler,
  type Completion,
  type Execution,
  type Frame,
  NORMAL,
  RETURN,
} from './machine.js';
import { PyList, PyRange } from './object-sequences.js';
import { loopTargets } from './scope.js';
import { Unknown } from './values.js';

export function bodiesOf(node: PyNode): {
  body: PyNode | undefined;
  otherwise: PyNode | undefined;
} {
  const [body, otherwise] = node.children.filter(({ type }) => type === 'Body');
  return { body, otherwise };
}

export function compileIf(c: Compiler, node: PyNode): Execution {
  const branches = branchesOf(c, node);
  const bodies = branches.bodies.map((body) => c.block(body));
  return (frame) => {
    const chosen = branches.choose(frame);
    return chosen < 0 ? NORMAL : bodies[chosen]!(frame);
  };
}

/** What a loop goes through, and what binds its elements. */
export function loopOf(c: Compiler, node: PyNode) {
  const kids = node.children;
  const at = kids.findIndex(({ type }) => type === 'in');
  const end = kids.findIndex(({ type }) => type === 'Body');
  return {
    store: targetOf(c, loopTargets(kids, 0)),
    source: c.parts(kids.slice(at + 1, end < 0 ? undefined : end)),
  };
}

export function compileFor(c: Compiler, node: PyNode): Execution {
  const { machine } = c;
  const { body, otherwise } = bodiesOf(node);
  if (body === undefined) return () => NORMAL;
  const { store, source } = loopOf(c, node);
  const run = c.block(body);
  const final: Execution = otherwise === undefined ? () => NORMAL : c.block(otherwise);
  let forget: ReturnType<Compiler['forget']> | null = null;
  return counted(c, (frame) => {
    const values = source(frame);
    if (values instanceof Unknown) {
      forget ??= c.forget(node);
      forget(frame, new Unknown(values.stop));
      return NORMAL;
    }
    for (const value of values instanceof PyList ? values.items : machine.iterate(values)) {
      machine.spend(1);
      store(frame, value);
      const completion = run(frame);
      if (completion === NORMAL || completion === CONTINUE) continue;
      // `for i in range(500)` that another end of the loop comes before.
      if (values instanceof PyRange && values.start === 0 && typeof value === 'number') {
        machine.host.limited?.(values.stop, value, false, machine);
      }
      return completion === BREAK ? NORMAL : completion;
    }
    return final(frame);
  });
}

/** Where the budget ends the run in a loop, the loop is not left. */
function counted({ machine }: Compiler, run: Execution): Execution {
  return (frame) => {
    const depth = machine.enterLoop();
    let completion: Completion;
    try {
      completion = run(frame);
    } catch (failure) {
      if (!(failure instanceof RunEnded)) machine.leaveLoop(depth);
      throw failure;
    }
    machine.leaveLoop(depth);
    return completion;
  };
}

export function compileWhile(c: Compiler, node: PyNode): Execution {
  const { machine } = c;
  const { body, otherwise } = bodiesOf(node);
  const test = node.children[1];
  if (body === undefined || test === undefined) return () => NORMAL;
  const condition = c.condition(test);
  const run = c.block(body);
  const final: Execution = otherwise === undefined ? () => NORMAL : c.block(otherwise);
  const skip = skipped(c, body);
  return counted(c, (frame) => {
    for (;;) {
      machine.spend(1);
      const truth = condition(frame);
      if (truth === null) return skip(frame);
      if (!truth) return final(frame);
      const before = machine.skippedExit;
      machine.skippedExit = false;
      const completion = run(frame);
      const left = machine.skippedExit;
      machine.skippedExit = before;
      if (completion === BREAK) return NORMAL;
      if (completion === RETURN) return RETURN;
      // A way out of the loop was not decided: it may have been the last time.
      if (left) return skip(frame);
    }
  });
}

/** Leaves a loop that may have run any number of times. */
export function skipped(c: Compiler, body: PyNode): Execution {
  let forget: ReturnType<Compiler['forget']> | null = null;
  return (frame) => {
    forget ??= c.forget(body);
    forget(frame, c.machine.doubt());
    return NORMAL;
  };
}

export function compileWith(c: Compiler, node: PyNode): Execution {
  const { machine } = c;
  const { body } = bodiesOf(node);
  if (body === undefined) return () => NORMAL;
  const items = withItems(c, node);
  const run = c.block(body);
  return (frame) => {
    const entered = items.map(({ value, store }) => {
      const manager = value(frame);
      store(frame, machine.enter(manager));
      return manager;
    });
    const guards = entered.filter(mayHoldAny);
    for (const guard of guards) machine.handlers.push((raised) => mayHold(raised, guard));
    let completion: Completion = NORMAL;
    try {
      completion = run(frame);
    } catch (failure) {
      machine.handlers.length -= guards.length;
      leave(c, entered, failure);
      return NORMAL;
    }
    machine.handlers.length -= guards.length;
    for (const manager of entered.reverse()) machine.exit(manager, null);
    return completion;
  };
}

/** After a failure in the body: throws it again where no manager holds it back. */
function leave(
  c: Compiler,
  entered: ReturnType<Compiler['machine']['enter']>[],
  failure: unknown,
): void {
  if (!(failure instanceof Raised)) throw failure;
  let held = false;
  for (const manager of entered.reverse()) {
    held = c.machine.exit(manager, held ? null : failure) || held;
  }
  if (!held) throw failure;
}

export function compileTry(c: Compiler, node: PyNode): Execution {
  const { machine } = c;
  const plan = tryPlan(c, node);
  const [body, otherwise, final] = [plan.body, plan.otherwise, plan.final].map((part) =>
    part === null ? null : c.block(part),
  );
  const handlers = plan.clauses.map((clause) => c.block(clause.body));
  const guarded: Execution = (frame) => {
    const size = machine.handlers.length;
    if (handlers.length > 0) machine.handlers.push((raised) => plan.find(frame, raised) >= 0);
    try {
      const completion = body!(frame);
      machine.handlers.length = size;
      return completion === NORMAL && otherwise ? otherwise(frame) : completion;
    } catch (failure) {
      machine.handlers.length = size;
      return handled(c, plan, handlers, frame, failure);
    }
  };
  if (body === null || body === undefined) return () => NORMAL;
  if (!final) return guarded;
  return (frame) => {
    let completion: Completion;
    try {
      completion = guarded(frame);
    } catch (failure) {
      if (failure instanceof RunEnded) throw failure;
      const ended = final(frame);
      if (ended !== NORMAL) return ended;
      throw failure;
    }
    const { result } = frame;
    const ended = final(frame);
    if (ended === NORMAL) frame.result = result;
    return ended === NORMAL ? completion : ended;
  };
}

function handled(
  c: Compiler,
  plan: TryPlan,
  handlers: readonly Execution[],
  frame: Frame,
  failure: unknown,
): Completion {
  if (!(failure instanceof Raised)) throw failure;
  const chosen = plan.find(frame, failure.exception);
  if (chosen < 0) throw failure;
  plan.clauses[chosen]!.store?.(frame, failure.exception);
  return c.machine.handling(failure.exception, () => handlers[chosen]!(frame));
}
