/** The section on a control set: no bound where nothing was judged by one. */
import { expect, test } from 'vitest';
import { generalisationRows } from '#bpb/report/generalisation-rows';
import { score as scored } from './score-document.js';

const compared = scored.generalisation!;
const difference = (of: typeof compared) =>
  generalisationRows(of).find(([name]) => name === 'difference')![1];

test('a difference that was judged has its bound beside it', () => {
  expect(difference(compared)).toContain('(p = 0.0123)   fails beyond -0.0260');
});

test('one that was not has none, however large it is', () => {
  const few = { ...compared, verdict: 'not_judged', p: null, permutations: null } as const;
  expect(difference(few)).toMatch(/^-0\.0755 .*better on the validation set$/);
  expect(difference({ ...few, difference_bpb: null })).toBe('not known');
});
