/** Python that the parser's grammar does not know is no syntax error, and keeps its places. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { auditSourceText } from '#bpb/submission/source/audit';
import { parsePython, textOf } from '#bpb/submission/source/nodes';
import { parserText } from '#bpb/submission/source/parser-text';

/** Types of all nodes, with the text of those without children. */
const leaves = (text: string) => {
  const source = parsePython(text, 'x.py');
  return source.nodes
    .filter(({ children, from, to }) => children.length === 0 && to > from)
    .map((node) => textOf(source, node));
};
const broken = (text: string) => parsePython(text, 'x.py').nodes.some(({ type }) => type === '⚠');

const VALID: readonly [name: string, source: string][] = [
  ['a number that ends in its point', 'x = 1.\ny = 1./3\nz = [0.,-1.,2.e3,3.j]\n'],
  ['such a number in a format', 'print(f"{100.*x/n:.1f} % {{5.}} {x:5.}")\n'],
  ['a method of a number', 'x = 1..real\ny = 1.0.real\n'],
  ['a keyword at a number', 'x = 1.if y else 2.\n'],
  ['yield without a value', 'def f():\n    yield\n    x = yield\n'],
  ['yield before a comment', 'def f():\n    yield  # comment\n    yield;x = 1\n'],
  ['yield in a lambda', 'f = lambda: (yield)\n'],
  ['with and a tuple', 'with f() as (a, b), g() as c:\n    pass\n'],
  ['with and an attribute', 'with f() as self.x, g() as x[0]:\n    pass\n'],
  ['with in parentheses', 'with (\n    f() as a,  # one\n    g() as (b, c),\n):\n    pass\n'],
  ['an async with', 'async def f():\n    async with g() as (a, b): pass\n'],
  [
    'a class pattern without arguments',
    'match x:\n    case A():\n        pass\n    case a.B() | {} | []:\n        pass\n',
  ],
  ['soft keywords as names', 'match = case = type = 1\nmatch(case)\ncase = match[type]\n'],
  [
    'strings side by side in a pattern',
    'match x:\n    case "a" "b": pass\n    case ("a" \'b\' "c" | "d"   "e" "f"): pass\n    case "g": y = "h" "i"\n',
  ],
  [
    'type parameters',
    'class C[T: int, *Ts, **P](object):\n    def f[U](self, *args: *Ts) -> U: ...\n',
  ],
  [
    'a decorator that is an expression',
    '@(lambda f: f)\ndef f(): pass\n@x[0].y(1)  # one\nclass C: pass\n@a.b(c(1), d=2)\ndef g(): pass\n@(\n  a or\n  b)\ndef h(): pass\n',
  ],
  ['a star in a subscript', 'x[*i] = G[*T, 1]\n'],
  ['a star in a comprehension', 'x = [a for a, *_ in y]\n'],
  ['positional parameters of a lambda', 'f = lambda a, /, b: a\n'],
  ['print as a name', 'print = 1\nprint >> x\n'],
  ['CRLF after a backslash', 'x = 1 + \\\r\n    2\r\n'],
  ['names of other scripts', 'größe = 名前 + ñ\n'],
  ['a comment in a call', 'f(a,  # one\n  b)\n'],
];

describe('valid Python', () => {
  test.each(VALID)('%s', async (_, source) => {
    expect(broken(source)).toBe(false);
    expect((await auditSourceText(source)).findings).toEqual([]);
    expect(parserText(source, 'x.py')).toHaveLength(source.length);
  });

  test('keeps the text and the type of what was put into another form', () => {
    expect(leaves('x = 1./3\n')).toEqual(['x', '=', '1.', '/', '3']);
    expect(leaves('f = lambda a, /: a\n')).toContain('/');
    const types = (text: string) => parsePython(text, 'x.py').nodes.map(({ type }) => type);
    expect(types('with f() as (a, b): pass\n')).toContain('TupleExpression');
    expect(types('match x:\n case A(): pass\n case {}: pass\n case []: pass\n')).toEqual(
      expect.arrayContaining(['ClassPattern', 'MappingPattern', 'SequencePattern']),
    );
    expect(types('x = 1.e3\n')).toEqual([
      'Script',
      'AssignStatement',
      'VariableName',
      'AssignOp',
      'Number',
    ]);
  });

  test('of a very long file is no error either', () => {
    const statement = 'some_name_of_a_setting = Config(default=[1, 2, 3], alias="x")\n\n';
    expect(broken(statement.repeat(2_000))).toBe(false);
  });

  test('of thousands of calls on calls is read, or refused', async () => {
    const chain = (calls: number) =>
      `def f(sp):\n    for i in range(9):\n        x = sp.id_to_piece(i)${'.a()'.repeat(calls)}\n        y = len(x.encode())\n`;
    expect(broken(chain(100))).toBe(false);
    for (const calls of [1_000, 5_000, 30_000]) {
      await auditSourceText(chain(calls)).catch((error) =>
        expect(error).toMatchObject({ code: 'BPB_SOURCE_TOO_LARGE' }),
      );
    }
  });

  test('and what is none is still one', () => {
    for (const source of [
      'def f(:\n',
      'x = (1.\n',
      'with f() as (a, b:\n',
      'f(*)\n',
      'x = 1 2\n',
    ]) {
      expect(broken(source)).toBe(true);
    }
  });

  const files = standardLibrary();
  test.skipIf(files.length === 0)(
    'of the standard library has no error (needs python3)',
    () => {
      const faults = files.filter((path) =>
        broken(readFileSync(path, 'utf8').replace(/^\ufeff/, '')),
      );
      expect(faults).toEqual([]);
    },
    60_000,
  );
});

describe('what no script has is refused before it is parsed', () => {
  test.each([
    ['brackets', '('.repeat(300_000), 'BPB_SOURCE_TOO_LARGE'],
    [
      'blocks',
      Array.from({ length: 200 }, (_, i) => `${' '.repeat(i)}if a:\n`).join(''),
      'BPB_SOURCE_TOO_LARGE',
    ],
    ['signs', `x = ${'not '.repeat(2_000)}y`, 'BPB_SOURCE_TOO_LARGE'],
    ['tokens', 'a = 1\n'.repeat(100_000), 'BPB_SOURCE_TOO_LARGE'],
    ['escapes', `x = "${'\\x41'.repeat(250_000)}"`, 'BPB_SOURCE_TOO_LARGE'],
    ['formats', 'x = f"{a}{b}{c}{d}"\n'.repeat(40_000), 'BPB_SOURCE_TOO_LARGE'],
    ['something else', 'if else for '.repeat(20_000), 'BPB_SOURCE_NOT_PYTHON'],
  ])('%s', async (_, source, code) => {
    await expect(auditSourceText(source)).rejects.toMatchObject({ code, kind: 'input' });
  });
});

/** Modules of Python's standard library that have no tests of the parser among them. */
function standardLibrary(): string[] {
  const script =
    'import os,glob;print("\\n".join(sorted(glob.glob(os.path.dirname(os.__file__)+"/*.py"))))';
  try {
    return execFileSync('python3', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
  } catch {
    return [];
  }
}
