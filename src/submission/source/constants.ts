/**
 * Constant propagation: the number that an expression evaluates to, without running anything.
 */
import { bindingOf, type SourceFacts } from './facts.js';
import { numberValue, stringValue } from './literals.js';
import { callOf, dottedName, type PyNode, unwrapped } from './nodes.js';

/** Names bound to names, and nested operators, are followed this far. */
const DEPTH_MAX = 24;

/** `math.log(2)`, `np.log(2.0)`, and the like: the factor between bits and nats. */
const LOG_CALLS = /^(?:(?:math|np|numpy|torch|jnp|mx)\.)?log$/;
/** Defaults that stand in for the environment or a command line. */
const DEFAULTED = /^(?:os\.environ\.get|os\.getenv|environ\.get|getenv)$/;
const CASTS = /^(?:int|float|np\.float64|torch\.tensor)$/;

/**
 * The number that the expression always is; an environment variable and a parameter count as their
 * default. Null for everything that depends on data.
 */
export function constantOf(facts: SourceFacts, node: PyNode, depth = 0): number | null {
  const known = facts.constants.get(node);
  if (known !== undefined || depth > DEPTH_MAX) return known ?? null;
  // Set first: a name bound to itself ends here instead of going around.
  facts.constants.set(node, null);
  const value = computed(facts, unwrapped(node), depth);
  facts.constants.set(node, value);
  return value;
}

function computed(facts: SourceFacts, node: PyNode, depth: number): number | null {
  switch (node.type) {
    case 'Number':
      return numberValue(facts.source, node);
    case 'String': {
      // `int(os.environ.get("X", "10_000"))`
      const text = stringValue(facts.source, node)?.replace(/_/g, '') ?? '';
      return /^\d{1,15}(?:\.\d{0,15})?$/.test(text) ? Number(text) : null;
    }
    case 'VariableName':
    case 'MemberExpression': {
      const name = dottedName(facts.source, node);
      const bound = name === null ? null : bindingOf(facts, name, node);
      return bound === null ? null : constantOf(facts, bound, depth + 1);
    }
    case 'UnaryExpression': {
      const [operator, operand] = node.children;
      if (operand === undefined || !textIs(facts, operator!, '-')) return null;
      const value = constantOf(facts, operand, depth + 1);
      return value === null ? null : -value;
    }
    case 'BinaryExpression':
      return binary(facts, node, depth);
    case 'CallExpression':
      return ofCall(facts, node, depth);
    default:
      return null;
  }
}

function textIs(facts: SourceFacts, node: PyNode, text: string): boolean {
  return facts.source.text.slice(node.from, node.to) === text;
}

function binary(facts: SourceFacts, node: PyNode, depth: number): number | null {
  const [left, operator, right] = node.children;
  if (left === undefined || operator === undefined || right === undefined) return null;
  const a = constantOf(facts, left, depth + 1);
  const b = a === null ? null : constantOf(facts, right, depth + 1);
  if (a === null || b === null) return null;
  switch (facts.source.text.slice(operator.from, operator.to)) {
    case '*':
      return a * b;
    case '/':
      return b === 0 ? null : a / b;
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '//':
      return b === 0 ? null : Math.floor(a / b);
    case '**':
      return a ** b;
    default:
      return null;
  }
}

function ofCall(facts: SourceFacts, node: PyNode, depth: number): number | null {
  const call = callOf(facts.source, node);
  if (call === null || call.name === null) return null;
  const [first, second] = call.args;
  if (LOG_CALLS.test(call.name) && first !== undefined) {
    const value = constantOf(facts, first, depth + 1);
    return value === null || value <= 0 ? null : Math.log(value);
  }
  if (CASTS.test(call.name) && first !== undefined) return constantOf(facts, first, depth + 1);
  if (DEFAULTED.test(call.name) && second !== undefined) {
    return constantOf(facts, second, depth + 1);
  }
  return null;
}
