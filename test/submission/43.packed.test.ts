/** Packed sources: wrappers are unpacked without running them. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { auditSourceText } from '#bpb/submission/source/audit';
import { decodeBase85 } from '#bpb/submission/source/base85';
import { RIGHT } from './scripts.js';

const checks = async (source: string | Uint8Array) =>
  (await auditSourceText(source)).findings.map(({ check }) => check);

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
