/** `and`, `or` and `not` as Python binds them (The Python Language Reference, section 6.17). */
import { expect, test } from 'vitest';
import { type Truth, truthOf } from '#bpb/submission/python/truths';
import { parsePython, textOf } from '#bpb/submission/source/nodes';

function read(text: string): string | null {
  const source = parsePython(text, 't.py');
  const node = source.nodes.find(({ type }) => type === 'ExpressionStatement')!.children[0]!;
  const shown = (truth: Truth): string => {
    if (truth.kind === 'value') return textOf(source, truth.node);
    if (truth.kind === 'not') return `(not ${shown(truth.of)})`;
    return `(${shown(truth.left)} ${truth.kind} ${shown(truth.right)})`;
  };
  const truth = truthOf(node);
  return truth === null ? null : shown(truth);
}

test.each([
  ['not a and b', '((not a) and b)'],
  ['not (a or b) and c', '((not (a or b)) and c)'],
  ['not a or not b and c', '((not a) or ((not b) and c))'],
  ['a and not b or c', '((a and (not b)) or c)'],
  ['not not a and b', '((not (not a)) and b)'],
  ['not a == b or c in d', '((not a == b) or c in d)'],
  ['a or b and c', '(a or (b and c))'],
])('%s', (text, meant) => expect(read(text)).toBe(meant));

test.each(['a', 'a + b', '-a', 'f(not a)', 'or b'])('%s is none', (text) => {
  expect(read(text)).toBeNull();
});
