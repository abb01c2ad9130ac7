/** Every text ends, whatever it asks for, and none makes the interpreter fail. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BpbError } from '#bpb/errors';
import { DEFAULT_LIMITS } from '#bpb/submission/python/interpreter';
import { Unknown } from '#bpb/submission/python/values';
import { ran } from './running.js';

/** A small budget: what is spent is counted, so the same script ends at the same place with a large one. */
const FEW = { ...DEFAULT_LIMITS, steps: 200_000, memory: 2_000_000 };

/** Scripts without an end, or whose results would not fit anywhere. */
const ENDLESS: Readonly<Record<string, string>> = {
  'an empty loop': 'while True: pass',
  'a counting loop': 'i = 0\nwhile True: i += 1',
  'a loop that continues': 'while 1:\n  continue',
  'a long range': 'for i in range(10**15): pass',
  'a doubling text': "s = 'ab'\nwhile True: s = s + s",
  'a doubling list': 'x = [0]\nwhile True: x = x + x',
  'a growing list': 'l = []\nwhile True: l.append([])',
  'a growing dictionary': 'd = {}\ni = 0\nwhile True:\n  d[i] = [i]\n  i += 1',
  'a growing set': 's = set()\ni = 0\nwhile True:\n  s.add((i, i))\n  i += 1',
  'a growing instance':
    'class A: pass\na = A()\ni = 0\nwhile True:\n  setattr(a, str(i), i)\n  i += 1',
  'an endless generator': 'def g():\n  while True: yield 1\nx = list(g())',
  'an endless iterator': 'import itertools\nx = list(itertools.count())',
  'an endless cycle': 'import itertools\nx = sum(itertools.cycle([1]))',
  'a product of many': 'import itertools\nx = list(itertools.product(range(100), repeat=20))',
  'a sum of many': 'x = sum(i for i in range(10**12))',
  'comprehensions in comprehensions':
    'x = [[[i for i in range(1000)] for j in range(1000)] for k in range(1000)]',
  'calls that branch': 'def f(n):\n  f(n + 1)\n  f(n + 1)\nf(0)',
  'exceptions without an end': 'while True:\n  try: {}[1]\n  except KeyError: pass',
  'a list extended by itself': 'l = [1]\nwhile True: l += l',
  'a list extended while it is gone through': 'l = [1]\nfor x in l: l.append(x)',
  'closures without an end': 'l = []\nwhile True: l.append(lambda: l)',
  'slices without an end': 'x = list(range(1000))\nwhile True: y = x[:]',
  'texts without an end': "x = 'a' * 10**6\nl = []\nwhile True: l.append(x[:-1])",
  'splits without an end': "x = 'a ' * 10**5\nwhile True: y = x.split()",
  'comparisons of many': 'a = [1] * 10**5\nwhile True: a == [1] * 10**5',
  'a sort of many': 'x = sorted(range(10**9))',
  'a join of many': "x = ''.join(str(i) for i in range(10**9))",
};

/** Scripts that end by themselves, with something that is not known. */
const LARGE: Readonly<Record<string, string>> = {
  'a long text': "x = 'a' * 10**9",
  'a long list': 'x = [[]] * 10**8',
  'long bytes': 'x = bytes(10**10)',
  'a large power': 'x = 10 ** 400 % 7',
  'a large shift': 'x = 1 << 10**9',
  'a wide format': "x = f'{1:1000000000}'",
  'a wide directive': "x = '%1000000000d' % 1",
  padding: "x = 'a'.ljust(10**10)",
  'a replacement that grows': "a = 'a' * 10**4\nx = a.replace('a', a)",
  recursion: 'def f(n): return f(n + 1)\nx = f(0)',
  'recursion of two': 'def f(n): return g(n)\ndef g(n): return f(n)\nx = f(0)',
  'recursion by lambda': 'f = lambda f: f(f)\nx = f(f)',
  'recursion by attribute':
    'class A:\n  def __getattr__(self, n): return getattr(self, n)\nx = A().y',
  'recursion by generator': 'def g(n):\n  yield from g(n + 1)\nx = list(g(0))',
  'recursion by repr': 'class A:\n  def __repr__(self): return repr(self)\nx = repr(A())',
  'nested equality':
    'a = []\nfor i in range(60): a = [a]\nb = []\nfor i in range(60): b = [b]\nx = a == b',
  'a list in itself': 'l = []\nl.append(l)\nx = repr(l)',
  'nested keys': 'a = ()\nfor i in range(90): a = (a,)\nx = {a: 1}[a]',
  'an expression that backtracks': "import re\nx = re.match('(a+)+$', 'a' * 50 + 'b')",
  'an expression over a long text': "import re\nx = re.findall('a*b', 'a' * 10**6)",
};

describe('scripts without an end', () => {
  test.each(Object.entries(ENDLESS))('%s', (_name, text) => {
    const { interpreter, stops } = ran(text, {}, FEW);
    expect(interpreter.left).toBeLessThan(0);
    expect(stops.at(-1)!.reason).toMatch(/^the (?:steps|memory) of the run (?:are|is) spent$/);
  });
});

describe('scripts with results that are too large', () => {
  test.each(Object.entries(LARGE))('%s', (_name, text) => {
    const { names, stops, interpreter } = ran(`${text}\nend = 1`, {}, FEW);
    expect(names.get('x')).toBeInstanceOf(Unknown);
    expect(names.get('end')).toBe(1);
    expect(stops.length).toBeGreaterThan(0);
    expect(interpreter.left).toBeGreaterThan(0);
  });
});

const WORDS = [
  ...[
    'def',
    'class',
    'if',
    'else',
    ':',
    '\n',
    '\n  ',
    '\n    ',
    'for',
    'in',
    'x',
    'y',
    'f',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
  ],
  ...[
    '=',
    '+=',
    ':=',
    ',',
    '.',
    '*',
    '**',
    '1',
    '0',
    "'a'",
    'f"{x',
    '}"',
    'return',
    'yield',
    'try',
    'except',
    'finally',
  ],
  ...[
    'while',
    'True',
    'break',
    'continue',
    'with',
    'as',
    'lambda',
    'not',
    'and',
    'or',
    'is',
    '<',
    '@',
    '%',
    '//',
    ';',
  ],
  ...[
    'import',
    'from',
    'match',
    'case',
    '_',
    'del',
    'global',
    'nonlocal',
    'raise',
    'assert',
    'async',
    'await',
    'range',
  ],
  ...[
    'len',
    'list',
    'print',
    'super',
    'self',
    '__init__',
    '...',
    '-',
    '~',
    '#',
    '\\',
    'type',
    'next',
    'iter',
    'sorted',
  ],
];

function ends(text: string): void {
  try {
    const { stops } = ran(text, {}, { ...FEW, steps: 20_000 });
    for (const { reason, line } of stops) {
      expect(reason).not.toMatch(/^not followed/);
      expect(line).toBeGreaterThan(0);
    }
  } catch (error) {
    // The parser says what it does not take.
    expect(error).toBeInstanceOf(BpbError);
  }
}

describe('texts that are no scripts', () => {
  test('any words', () => {
    const words = fc.array(fc.constantFrom(...WORDS), { maxLength: 40 });
    fc.assert(
      fc.property(words, (text) => ends(text.join(' '))),
      { numRuns: 400 },
    );
  });
  test('any characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 120 }), (text) => ends(text)),
      { numRuns: 200 },
    );
  });
});
