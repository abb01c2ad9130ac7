/** Packed sources: wrappers are unpacked without running them. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { auditSourceText } from '#bpb/submission/source/audit';
import { decodeBase85 } from '#bpb/submission/source/base85';
import { LUT, RIGHT } from './scripts.js';

const checks = async (source: string | Uint8Array) =>
  (await auditSourceText(source)).findings.map(({ check }) => check);

const inner = Buffer.from(RIGHT.replace('"▁"', '"?"'));
const b64 = (data: Buffer) => data.toString('base64');

describe('wrappers are unpacked without running them', () => {
  test.each([
    [
      'zlib and base64',
      `import zlib,base64\nexec(zlib.decompress(base64.b64decode("${b64(deflateSync(inner))}")))`,
    ],
    [
      'gzip under other names',
      `import gzip as g\nfrom base64 import b64decode as d\nexec(g.decompress(d(b'${b64(gzipSync(inner))}')).decode("utf-8"))`,
    ],
    [
      'brotli in a variable',
      `import brotli,base64\nS="${b64(brotliCompressSync(inner))}"\nC=brotli.decompress(base64.b64decode(S))\nexec(compile(C,"x","exec"))`,
    ],
    [
      '__import__',
      `exec(__import__('zlib').decompress(__import__('base64').b64decode('${b64(deflateSync(inner))}')))`,
    ],
    [
      'parts of a string',
      `import zlib,base64\nexec(zlib.decompress(base64.b64decode("${b64(deflateSync(inner)).slice(0, 40)}"\n  "${b64(deflateSync(inner)).slice(40)}")))`
        .replace('exec(', 'exec((')
        .replace(/\)$/, '))'),
    ],
    [
      'bytes with escapes',
      `import zlib\nexec(zlib.decompress(b"${[...deflateSync(inner)].map((b) => `\\x${b.toString(16).padStart(2, '0')}`).join('')}"))`,
    ],
  ])('%s', async (_, source) => {
    const { findings, layers, couldNotJudge } = await auditSourceText(source);
    expect(layers).toBe(1);
    expect(couldNotJudge).toEqual([]);
    expect(findings).toMatchObject([
      { check: 'lut-marker', severity: 'fail', layer: 1, excerpt: 'piece.startswith("?")' },
      { check: 'wrapped', severity: 'info', layer: 0 },
    ]);
  });

  test('a wrapper in a wrapper, but not for ever', async () => {
    const wrap = (source: string | Buffer) =>
      `import zlib,base64\nexec(zlib.decompress(base64.b64decode("${b64(deflateSync(source))}")))\n`;
    expect((await auditSourceText(wrap(wrap(inner)))).layers).toBe(2);
    const deep = await auditSourceText(wrap(wrap(wrap(wrap(wrap(inner))))));
    expect(deep.layers).toBe(3);
    expect(deep.findings.map(({ check }) => check)).toContain('obfuscated');
  });

  test('a decompression bomb and damaged data stay packed', async () => {
    const bomb = b64(deflateSync(Buffer.alloc(64 << 20, 0x20)));
    for (const data of [bomb, 'AAAA', '', b64(deflateSync(inner)).slice(0, 60)]) {
      const source = `import zlib,base64\nexec(zlib.decompress(base64.b64decode("${data}")))`;
      expect(await checks(source)).toEqual(['obfuscated']);
    }
  });

  test.skipIf(!hasPython())(
    'the lzma and base85 wrapper as Python writes it (needs python3)',
    async () => {
      const script =
        'import sys,lzma,base64;d=sys.stdin.buffer.read();print("import lzma as L,base64 as B\\nexec(L.decompress(B.b85decode("+repr(base64.b85encode(lzma.compress(d)).decode())+")))")';
      const source = execFileSync('python3', ['-c', script], { input: inner, encoding: 'utf8' });
      const { findings, layers } = await auditSourceText(source);
      expect(layers).toBe(1);
      expect(findings[0]).toMatchObject({ check: 'lut-marker', layer: 1 });
    },
  );

  test.skipIf(!hasPython())('base85 is Python’s (needs python3)', () => {
    const data = Buffer.from(Array.from({ length: 257 }, (_, i) => (i * 37) & 255));
    for (let length = 0; length < 12; length++) {
      const input = data.subarray(length, 2 * length + 3);
      const text = execFileSync(
        'python3',
        [
          '-c',
          'import sys,base64;print(base64.b85encode(sys.stdin.buffer.read()).decode(),end="")',
        ],
        { input, encoding: 'utf8' },
      );
      expect(decodeBase85(text)).toEqual(input);
    }
  });

  test('the compiled module loads in plain Node, without the test runner’s own resolution', () => {
    const script = `import { auditSourceText } from '#bpb/submission/source/audit';
      console.log((await auditSourceText('exec(open("x").read())')).findings[0].check);`;
    const root = fileURLToPath(new URL('../../', import.meta.url));
    const options = { cwd: root, encoding: 'utf8' } as const;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], options);
    expect(output.trim()).toBe('loader');
  });

  test('base85 of other characters is refused', () => {
    expect(decodeBase85('ab"de')).toBeNull();
    expect(decodeBase85('~~~~~')).toBeNull();
    expect(decodeBase85('')).toEqual(Buffer.alloc(0));
  });
});

describe('text put together from constants', () => {
  const packed = b64(deflateSync(inner));
  const zlib = (data: string) =>
    `import zlib,base64,codecs\nexec(zlib.decompress(base64.b64decode(${data})))`;
  const hex = (data: Buffer) => data.toString('hex');

  test.each([
    ['a sum', zlib(`"${packed.slice(0, 9)}" + "${packed.slice(9, 80)}" + "${packed.slice(80)}"`)],
    ['a join', zlib(`"".join(["${packed.slice(0, 9)}", "${packed.slice(9)}"])`)],
    [
      'a list in a name',
      `P = ["${packed.slice(0, 9)}", "${packed.slice(9)}"]\n${zlib('"".join(P)')}`,
    ],
    ['turned around', zlib(`"${[...packed].reverse().join('')}"[::-1]`)],
    ['line ends stripped', zlib(`"""\n${packed}\n""".strip()`)],
    ['a character replaced', zlib(`"${packed.replaceAll('A', '-')}".replace("-", "A")`)],
    ['encoded', zlib(`"${packed}".encode("ascii")`)],
    [
      'raw deflate',
      `import zlib\nexec(zlib.decompress(bytes.fromhex("${hex(deflateRawSync(inner))}"), -15))`,
    ],
    [
      'raw deflate by name',
      `import zlib\nexec(zlib.decompress(bytes.fromhex("${hex(deflateRawSync(inner))}"), wbits=-zlib.MAX_WBITS))`,
    ],
    [
      'gzip by zlib',
      `from zlib import decompress as d\nexec(d(bytes.fromhex("${hex(gzipSync(inner))}"), 31))`,
    ],
    ['codecs', `import codecs\nexec(codecs.decode("${hex(inner)}", "hex").decode())`],
    ['numbers', `exec(bytes([${[...inner].join(', ')}]).decode())`],
    [
      'a decoder in a name',
      `import zlib\nd = zlib.decompress\nexec(d(bytes.fromhex("${hex(deflateSync(inner))}")))`,
    ],
    ['base 16', `import base64\nexec(base64.b16decode("${hex(inner).toUpperCase()}"))`],
    ['text itself', `exec(${JSON.stringify(inner.toString())})`],
  ])('%s', async (_, source) => {
    const { findings, layers } = await auditSourceText(source);
    expect(layers).toBe(1);
    expect(findings[0]).toMatchObject({ check: 'lut-marker', layer: 1 });
  });

  test.each([
    ['marshal', 'import marshal\nexec(marshal.loads(b"abc"))', /byte code of Python \(marshal\)/],
    ['marshal in zlib', 'import marshal,zlib\nexec(marshal.loads(zlib.decompress(X)))', /marshal/],
    ['pickle', 'import pickle\nexec(pickle.loads(b"abc"))', /pickled object/],
    ['bz2', 'import bz2\nexec(bz2.decompress(b"abc"))', /bz2/],
    ['a computed text', 'exec("".join(chr(c ^ 7) for c in DATA))', /computed/],
    ['an exclusive or', 'exec(bytes(b ^ 7 for b in b"abc"))', /computed/],
    ['a number that is no byte', 'exec(bytes([1, 300]))', /computed/],
    ['hex that is none', 'exec(bytes.fromhex("zz"))', /hexadecimal/],
    [
      'names that double',
      `a = "x" * 1\n`.replace(' * 1', '') +
        Array.from({ length: 40 }, (_, i) => `a${i + 1} = a${i} + a${i}\n`).join('') +
        'a0 = a\nexec(a40)',
      /too much|too deeply/,
    ],
  ])('%s is named as unread', async (_, source, reason) => {
    const { findings, parts, couldNotJudge } = await auditSourceText(source);
    expect(findings).toMatchObject([{ check: 'obfuscated', severity: 'warn' }]);
    expect(findings[0]!.explanation).toMatch(reason);
    expect(parts.every(({ verdict }) => verdict === 'not_judged')).toBe(true);
    expect(parts[0]!.reason).toMatch(reason);
    expect(couldNotJudge).toHaveLength(1);
  });

  test('wrappers do not multiply: a hundred of them, each with a hundred, end', async () => {
    const wrap = (source: string) =>
      `exec(zlib.decompress(base64.b64decode("${b64(deflateSync(source))}")))\n`.repeat(100);
    const source = `import zlib,base64\n${wrap(`import zlib,base64\n${wrap(LUT)}`)}`;
    const { findings } = await auditSourceText(source);
    expect(findings.map(({ check }) => check)).toContain('obfuscated');
  });
});

/** What Python packs itself: `expression` of `lzma`, `base64`, … over the script on stdin. */
describe.skipIf(!hasPython())('LZMA as Python writes it (needs python3)', () => {
  const packedBy = (expression: string): string =>
    execFileSync(
      'python3',
      [
        '-c',
        `import sys,lzma,base64\nd=sys.stdin.buffer.read()\nprint(repr(${expression}),end="")`,
      ],
      { input: inner, encoding: 'utf8' },
    );
  const lzma2 = '[{"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": 1 << 20}]';
  const raw = `lzma.compress(d, format=lzma.FORMAT_RAW, filters=${lzma2})`;
  const exec = (data: string, options: string) =>
    `import lzma as L,base64 as B\nexec(L.decompress(B.b85decode(${data})${options}))`;
  const RAW = ',format=L.FORMAT_RAW,filters=[{"id":L.FILTER_LZMA2}]';
  const lzma1 = (lc: number, lp: number, pb: number) =>
    `[{"id": lzma.FILTER_LZMA1, "lc": ${lc}, "lp": ${lp}, "pb": ${pb}}]`;

  test.each([
    ['raw LZMA2', `base64.b85encode(${raw})`, (data: string) => exec(data, RAW)],
    [
      'raw LZMA2, its format and filters in names',
      `base64.b85encode(${raw})`,
      (data: string) => `F = [{"id": 33, "preset": 9}]\n${exec(data, ', L.FORMAT_RAW, None, F')}`,
    ],
    [
      'raw LZMA2 of bytes that do not compress',
      `base64.b85encode(lzma.compress(d + b"\\n#" + base64.b85encode(bytes(i * i % 251 for i in range(200000))), format=lzma.FORMAT_RAW, filters=${lzma2}))`,
      (data: string) => exec(data, RAW),
    ],
    [
      'LZMA alone',
      'base64.b85encode(lzma.compress(d, format=lzma.FORMAT_ALONE))',
      (data: string) => exec(data, ''),
    ],
    ...[
      [3, 0, 2],
      [0, 2, 0],
      [4, 0, 4],
      [1, 3, 1],
    ].map(([lc, lp, pb]): [string, string, (data: string) => string] => [
      `raw LZMA with lc ${lc}, lp ${lp}, pb ${pb}`,
      `base64.b85encode(lzma.compress(d, format=lzma.FORMAT_RAW, filters=${lzma1(lc!, lp!, pb!)}))`,
      (data) =>
        exec(
          data,
          `,format=L.FORMAT_RAW,filters=[{"id":L.FILTER_LZMA1,"lc":${lc},"lp":${lp},"pb":${pb}}]`,
        ),
    ]),
    [
      'ascii 85',
      'base64.a85encode(d)',
      (data: string) => `import base64\nexec(base64.a85decode(${data}))`,
    ],
    [
      'ascii 85, framed',
      'base64.a85encode(d, adobe=True)',
      (data: string) => `import base64\nexec(base64.a85decode(${data}, adobe=True))`,
    ],
    [
      'base 32',
      'base64.b32encode(d)',
      (data: string) => `import base64\nexec(base64.b32decode(${data}))`,
    ],
  ])('%s', async (_, expression, script) => {
    const { findings, layers } = await auditSourceText(script(packedBy(expression)));
    expect(layers).toBe(1);
    expect(findings[0]).toMatchObject({ check: 'lut-marker', layer: 1 });
  });

  test.each([
    ['cut short', `(${raw})[:-200]`],
    ['with a byte changed', `(lambda x: x[:50] + bytes([x[50] ^ 85]) + x[51:])(${raw})`],
  ])('raw LZMA2 %s is named as unread', async (_, data) => {
    const { findings } = await auditSourceText(exec(packedBy(`base64.b85encode(${data})`), RAW));
    expect(findings).toMatchObject([{ check: 'obfuscated' }]);
  });

  test('filters that are not read here are named', async () => {
    const source = exec(
      '"abcde"',
      ',format=L.FORMAT_RAW,filters=[{"id":L.FILTER_DELTA},{"id":33}]',
    );
    const { findings } = await auditSourceText(source);
    expect(findings[0]!.explanation).toMatch(/filters that are not read here/);
  });
});

function hasPython(): boolean {
  try {
    execFileSync('python3', ['-c', 'import lzma']);
    return true;
  } catch {
    return false;
  }
}
