import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { auditSource, auditSourceText } from '#bpb/submission/source/audit';
import { decodeBase85 } from '#bpb/submission/source/base85';
import { temporaryFolder } from '../helpers/folder.js';
import { processorTime } from '../helpers/processor-time.js';
import { LUT, MISTAKEN, RIGHT, RIGHT_CASEOPS, RIGHT_MINIFIED, RIGHT_TERSE } from './scripts.js';

const checks = async (source: string | Uint8Array) =>
  (await auditSourceText(source)).findings.map(({ check }) => check);

describe('misuse', () => {
  test('a missing file, a directory, a binary and a giant are refused', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'd'));
    writeFileSync(join(folder, 'model.pt'), Buffer.from([80, 75, 3, 4, 0, 0, 1]));
    writeFileSync(join(folder, 'big.py'), Buffer.alloc(5 << 20, 0x78));
    const codes: [string, string][] = [
      ['none.py', 'BPB_SOURCE_MISSING'],
      ['d', 'BPB_SOURCE_MISSING'],
      ['model.pt', 'BPB_SOURCE_BINARY'],
      ['big.py', 'BPB_SOURCE_TOO_LARGE'],
    ];
    for (const [name, code] of codes) {
      await expect(auditSource(join(folder, name))).rejects.toMatchObject({ code, kind: 'input' });
    }
  });

  test('any text is audited, never a crash', async () => {
    const parts = fc.constantFrom(
      ...[
        'exec(',
        ')',
        'sp.id_to_piece(i)',
        'len(',
        '.encode()',
        '"',
        "'''",
        '\\u',
        '▁',
        '\n',
        ' ',
        '[',
      ],
      ...[
        'bpb = ',
        ' / ',
        ' * 3.5',
        'def f(',
        '):',
        '    ',
        'for i in range(',
        'import a as b',
        'b"',
        ':',
      ],
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), fc.array(parts)), async (source) => {
        const text = (Array.isArray(source) ? source.join('') : source).replaceAll('\0', '');
        const { findings } = await auditSourceText(text);
        for (const { line, column, excerpt } of findings) {
          expect(line).toBeGreaterThan(0);
          expect(column).toBeGreaterThan(0);
          expect(excerpt).not.toMatch(/[\p{Cc}]/u);
        }
      }),
    );
  });

  test.each([
    ['brackets', '('.repeat(200_000)],
    ['a chain of sums', `bpb = ${'1 + '.repeat(100_000)}x`],
    ['a chain of calls', `x = ${'a.b('.repeat(50_000)}`],
    [
      'names of names',
      Array.from({ length: 3_000 }, (_, i) => `a${i} = a${i + 1} * a${i + 1}`).join('\n'),
    ],
    ['a name of itself', 'bpb = bpb * bpb\nbpb2 = bpb2 / bpb2\n'],
    ['many tables', LUT.repeat(60)],
    ['one long string', `exec(zlib.decompress(b"${'a'.repeat(3_000_000)}"))`],
    ['many constants', 'val_bpb = x * 3.5\n'.repeat(60_000)],
    ['many flags', `${LUT}\ny = ${'leading + '.repeat(60_000)}1\n`],
    ['nested decoding', `len(${'sp.decode('.repeat(40_000)}i`],
    ['nested exec', 'exec('.repeat(60_000)],
    ['many exec', 'exec(zlib.decompress(b"x"))\n'.repeat(20_000)],
    ['many sums', 'val_loss_sum = torch.zeros(1)\nval_loss_sum += x\n'.repeat(20_000)],
    [
      'deep functions',
      Array.from({ length: 400 }, (_, i) => `${' '.repeat(i)}def f${i}():\n`).join(''),
    ],
  ])('%s ends in time', async (_, source) => {
    await auditSourceText(source).catch((error) =>
      expect(error).toMatchObject({ code: 'BPB_SOURCE_TOO_LARGE' }),
    );
  });

  test('eight times the source is no more than 24 times the work', async () => {
    const block = RIGHT.replaceAll('build_luts', 'b').replaceAll('id_to_piece', 'piece_of');
    const work = (blocks: number) => processorTime(() => auditSourceText(block.repeat(blocks)));
    await work(20);
    // Linear is 8; a square would be 64. The floor keeps a clock of milliseconds from deciding.
    const once = Math.max(await work(50), 0.02);
    expect(await work(400)).toBeLessThan(24 * once);
  });
});

describe('right accounting raises nothing', () => {
  test.each([
    ['the reference', RIGHT],
    ['another hand', RIGHT_TERSE],
    ['case operators with their sidecar', RIGHT_CASEOPS],
    ['CRLF', RIGHT.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\ufeff${RIGHT}`],
  ])('%s', async (_, source) => {
    const audit = await auditSourceText(source);
    expect(audit).toMatchObject({ findings: [], couldNotJudge: [], layers: 0 });
  });
});

describe('each historical mistake is found by its own check', () => {
  test.each(MISTAKEN)('%s: %s (%s)', async (_, check, severity, source) => {
    const { findings } = await auditSourceText(source);
    expect(findings.map((f) => `${f.check} ${f.severity}`)).toEqual([`${check} ${severity}`]);
    expect(findings[0]!.explanation).toMatch(/\.$/);
    expect(findings[0]!.remedy).not.toBe('');
  });

  test('the place is that of the mistake', async () => {
    const source = RIGHT.replace('"▁"', '"?"');
    const [finding] = (await auditSourceText(source)).findings;
    const line = source.split('\n').findIndex((text) => text.includes('"?"')) + 1;
    expect(finding).toMatchObject({
      check: 'lut-marker',
      line,
      column: 12,
      layer: 0,
      excerpt: 'piece.startswith("?")',
    });
  });

  test('a marker lost to another encoding is a finding twice over', async () => {
    const latin = Buffer.from(RIGHT.replace('"▁"', '"\x96"'), 'latin1');
    expect(await checks(latin)).toEqual(['lut-marker', 'encoding']);
  });

  test('comments and strings that only speak of a mistake are no mistakes', async () => {
    const talk = `# val_bpb = val_loss / (math.log(2) * 3.5)\n"""exec(lzma.decompress(x)), --val-docs default=10_000"""\n`;
    expect(await checks(talk + RIGHT)).toEqual([]);
  });
});

describe('what cannot be judged is said', () => {
  test('a minified script, whose flags have no names', async () => {
    const { findings, couldNotJudge } = await auditSourceText(RIGHT_MINIFIED);
    expect(findings).toEqual([]);
    expect(couldNotJudge).toEqual([expect.stringMatching(/leading space is added/)]);
    const wrong = RIGHT_MINIFIED.replace("'▁'", "'?'");
    expect(await checks(wrong)).toEqual(['lut-marker']);
    expect(await checks(RIGHT_MINIFIED.replace('if C.is_byte(B):J[B]=1;continue', 'pass'))).toEqual(
      ['byte-pieces'],
    );
  });

  test('no table, no bpb', async () => {
    const { findings, couldNotJudge } = await auditSourceText('print("hello")\n');
    expect(findings).toEqual([]);
    expect(couldNotJudge).toHaveLength(2);
    expect(couldNotJudge[0]).toMatch(/no table of bytes per token/);
  });

  test('a hidden evaluator', async () => {
    const { couldNotJudge } = await auditSourceText('import marshal\nexec(marshal.loads(DATA))');
    expect(couldNotJudge).toEqual([expect.stringMatching(/^OBFUSCATED/)]);
  });

  test('a table whose flag no sum uses by name', async () => {
    const source = LUT;
    const { findings, couldNotJudge } = await auditSourceText(source);
    expect(findings).toEqual([]);
    expect(couldNotJudge.join()).toMatch(/leading space is added/);
  });
});

describe('wrappers are unpacked without running them', () => {
  const inner = Buffer.from(RIGHT.replace('"▁"', '"?"'));
  const b64 = (data: Buffer) => data.toString('base64');

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

  const python = hasPython();
  test.skipIf(!python)(
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

  test.skipIf(!python)('base85 is Python’s (needs python3)', () => {
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

function hasPython(): boolean {
  try {
    execFileSync('python3', ['-c', 'import lzma']);
    return true;
  } catch {
    return false;
  }
}
