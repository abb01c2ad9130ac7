/**
 * `and`, `or` and `not` as Python binds them. The grammar of @lezer/python gives `not` all that follows:
 * it reads `not a and b` as `not (a and b)`.
 */
import type { PyNode } from '../source/nodes.js';

export type Truth =
  | { readonly kind: 'and' | 'or'; readonly left: Truth; readonly right: Truth }
  | { readonly kind: 'not'; readonly of: Truth }
  | { readonly kind: 'value'; readonly node: PyNode };

/** Null for a node that is none of the three, or not complete. */
export function truthOf(node: PyNode): Truth | null {
  const tokens = tokensOf(node);
  if (tokens.length < 2) return null;
  let at = 0;
  const operand = (): Truth | null => {
    const token = tokens[at++];
    if (token === undefined || token === 'and' || token === 'or') return null;
    if (token !== 'not') return { kind: 'value', node: token };
    const of = operand();
    return of === null ? null : { kind: 'not', of };
  };
  const chain = (kind: 'and' | 'or', next: () => Truth | null): Truth | null => {
    let left = next();
    while (left !== null && tokens[at] === kind) {
      at++;
      const right = next();
      if (right === null) return null;
      left = { kind, left, right };
    }
    return left;
  };
  const whole = chain('or', () => chain('and', operand));
  return at === tokens.length ? whole : null;
}

/** The operators and what stands between them, in the order of the text. */
function tokensOf(node: PyNode): (PyNode | 'and' | 'or' | 'not')[] {
  const tokens: (PyNode | 'and' | 'or' | 'not')[] = [];
  const queue: (PyNode | 'and' | 'or' | 'not')[] = [node];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (typeof next === 'string') {
      tokens.push(next);
      continue;
    }
    const [first, second, third] = next.children;
    const type = second?.type;
    if (next.type === 'UnaryExpression' && first?.type === 'not' && second !== undefined) {
      queue.push(second, 'not');
    } else if (
      next.type === 'BinaryExpression' &&
      (type === 'and' || type === 'or') &&
      third !== undefined
    ) {
      queue.push(third, type, first!);
    } else tokens.push(next);
  }
  return tokens;
}
