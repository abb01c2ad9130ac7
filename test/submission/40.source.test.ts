import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { auditSource, auditSourceText } from '#bpb/submission/source/audit';
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

  test('a notebook is refused with the way to a script, a dictionary is not one', async () => {
    const cells = [{ cell_type: 'code', source: ['print(1)\n'] }];
    const text = JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 });
    await expect(auditSourceText(`\n${text}`)).rejects.toMatchObject({
      code: 'BPB_SOURCE_NOT_PYTHON',
      hint: expect.stringMatching(/nbconvert --to script/),
    });
    await expect(checks(JSON.stringify({ cells }))).resolves.toEqual([]);
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
    ['many limits', 'max_val_tokens = 500\n'.repeat(30_000)],
    ['many slices', 'val_tokens = val_tokens[:500]\n'.repeat(15_000)],
    ['many patterns', `val_bytes = 1\n${'g = glob("fineweb_val_*.bin")\n'.repeat(9_000)}`],
    [
      'a pattern in names of names',
      `val_bytes = 1\na = "fineweb_val_*.bin"\n${'a = f(a, a, a)\n'.repeat(9_000)}`,
    ],
    [
      'a piece in names of names',
      `def f(sp):\n  for i in range(9):\n    x = sp.id_to_piece(i)\n${'    x = g(x) + h(x)\n'.repeat(9_000)}    y = len(x.encode())\n`,
    ],
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
    await work(10);
    // Linear is 8; a square would be 64. The floor keeps a clock of milliseconds from deciding.
    const once = Math.max(await work(20), 0.02);
    expect(await work(160)).toBeLessThan(24 * once);
  });
});

describe('right accounting raises nothing', () => {
  test.each([
    ['minified', RIGHT_MINIFIED],
    ['the reference', RIGHT],
    ['another hand', RIGHT_TERSE],
    ['case operators with their sidecar', RIGHT_CASEOPS],
    ['CRLF', RIGHT.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\ufeff${RIGHT}`],
  ])('%s', async (_, source) => {
    const audit = await auditSourceText(source);
    expect(audit).toMatchObject({ findings: [], couldNotJudge: [], layers: 0, files: [] });
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

  test.each([
    ["'▁'", "'?'", 'lut-marker'],
    ['if C.is_byte(B):J[B]=1;continue', 'pass', 'byte-pieces'],
  ])('in a minified script: %s', async (right, wrong, check) => {
    expect(await checks(RIGHT_MINIFIED.replace(right, wrong))).toEqual([check]);
  });

  test('comments and strings that only speak of a mistake are no mistakes', async () => {
    const talk = `# val_bpb = val_loss / (math.log(2) * 3.5)\n"""exec(lzma.decompress(x)), --val-docs default=10_000"""\n`;
    expect(await checks(talk + RIGHT)).toEqual([]);
  });
});
