/** A program: what a script loads, imports and packs beside it, and folders; never what lies elsewhere. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { auditSource } from '#bpb/submission/source/audit';
import { openSources } from '#bpb/submission/source/files';
import { readProgram } from '#bpb/submission/source/program';
import { bpb } from '../helpers/command.js';
import { temporaryFolder } from '../helpers/folder.js';
import { RIGHT } from './scripts.js';

const WRONG = RIGHT.replace('"▁"', '"?"');

/** A folder with these files; gives the path of the first. */
function files(contents: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(folder, name), text);
  return join(folder, Object.keys(contents)[0]!);
}

const folderOf = (path: string) => join(path, '..');
const program = async (path: string) => readProgram(path, await openSources(path));

describe('a loader is followed to the file beside it', () => {
  test.each([
    ['exec of open', 'exec(open("real.py").read())'],
    ['a path from here', 'exec(open("./real.py", encoding="utf-8").read())'],
    ['the name replaced', 'exec(open(__file__.replace("train_gpt.py", "real.py")).read())'],
    [
      'with_name',
      'from pathlib import Path\nexec(Path(__file__).with_name("real.py").read_text())',
    ],
    [
      'parent',
      'import pathlib as P\nexec((P.Path(__file__).resolve().parent / "real.py").read_text())',
    ],
    [
      'os.path',
      'import os\nHERE = os.path.dirname(os.path.abspath(__file__))\nexec(compile(open(os.path.join(HERE, "real.py")).read(), "real.py", "exec"))',
    ],
    ['with open', 'with open("real.py") as f:\n    exec(f.read())'],
    ['a name for the text', 'code = open("real.py", "rb").read().decode()\nexec(code)'],
    ['runpy', 'import runpy\nrunpy.run_path("real.py", run_name="__main__")'],
    ['a module by runpy', 'from runpy import run_module\nrun_module("real")'],
    ['import', 'import real'],
    ['from import', 'from real import main\nmain()'],
    ['import_module', 'import importlib\nm = importlib.import_module("real")'],
    ['__import__', 'm = __import__("real")'],
    [
      'a spec',
      'import importlib.util\ns = importlib.util.spec_from_file_location("r", "real.py")\nm = importlib.util.module_from_spec(s)',
    ],
    [
      'with_suffix',
      'from pathlib import Path\nexec(Path("real.txt").with_suffix(".py").read_text())',
    ],
  ])('%s', async (_, loader) => {
    const path = files({ 'train_gpt.py': loader, 'real.py': WRONG, 'other.py': WRONG });
    const { findings, files: read, parts } = await auditSource(path);
    expect(read).toEqual(['real.py']);
    const [finding] = findings;
    expect(finding).toMatchObject({ check: 'lut-marker', file: 'real.py', layer: 0 });
    expect(parts[0]).toMatchObject({ verdict: 'fail', file: 'real.py', line: finding!.line });
    expect(findings.filter(({ severity }) => severity === 'warn')).toEqual([]);
  });

  test('what it packs is read as well, and each in its place', async () => {
    const packed = `import zlib,base64\nexec(zlib.decompress(base64.b64decode("${deflateSync(WRONG).toString('base64')}")))`;
    const path = files({ 'train_gpt.py': 'exec(open("packed.py").read())', 'packed.py': packed });
    const { findings, layers } = await auditSource(path);
    expect(layers).toBe(1);
    expect(findings[0]).toMatchObject({ check: 'lut-marker', file: 'packed.py', layer: 1 });
    const { runs } = (await program(path)).units[0]!;
    expect([...runs.values()].map(({ file }) => file)).toEqual(['packed.py']);
  });

  test.each([
    ['outside of the folder', 'exec(open("../real.py").read())', /not in the folder/],
    ['by a way through it', 'exec(open("sub/../../real.py").read())', /not in the folder/],
    ['in a folder below', 'exec(open("sub/real.py").read())', /not in the folder/],
    ['by an absolute path', 'exec(open("/etc/passwd").read())', /not in the folder/],
    ['that is not there', 'exec(open("gone.py").read())', /no gone\.py/],
    ['by a name that is computed', 'import sys\nexec(open(sys.argv[1]).read())', /computed/],
    ['that is the script itself', 'exec(open(__file__).read())', /itself/],
    ['that is a link', 'exec(open("link.py").read())', /is a link/],
    ['that is a folder', 'exec(open("sub").read())', /cannot be read/],
    ['that is no text', 'exec(open("binary.py").read())', /cannot be read/],
    ['that is a FIFO', 'exec(open("fifo.py").read())', /cannot be read/],
    ['of two names', 'exec(open("a\\0b").read())', /not in the folder|cannot be read/],
  ])('but not to one %s', async (_, loader, reason) => {
    const path = files({ 'train_gpt.py': loader, 'binary.py': 'a\0b' });
    const folder = folderOf(path);
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub', 'real.py'), WRONG);
    symlinkSync(join(folder, 'sub', 'real.py'), join(folder, 'link.py'));
    execFileSync('mkfifo', [join(folder, 'fifo.py')]);
    const { findings, parts, files: read } = await auditSource(path);
    expect(findings).toMatchObject([{ check: 'loader', severity: 'warn' }]);
    expect(findings[0]!.explanation).toMatch(reason);
    expect(read).toEqual([]);
    for (const part of parts) expect(part).toMatchObject({ verdict: 'not_judged', file: null });
  });

  test('scripts that load each other, and modules in a ring, end', async () => {
    const path = files({
      'a.py': 'import b\nexec(open("b.py").read())',
      'b.py': 'import c, a\nexec(open("a.py").read())\n',
      'c.py': `import b\n${WRONG}`,
    });
    const { findings, files: read } = await auditSource(path);
    expect(read).toEqual(['b.py', 'c.py']);
    expect(findings[0]).toMatchObject({ check: 'lut-marker', file: 'c.py' });
    const whole = await program(folderOf(path));
    expect(whole.entries.map(({ file }) => file)).toEqual(['a.py', 'b.py', 'c.py']);
  });
});

describe('a folder is one program', () => {
  test('its entries are what nothing else of it imports or loads', async () => {
    const path = files({
      'train_gpt.py': 'from model import GPT\nexec(open("evaluate.py").read())\n',
      'model.py': 'class GPT: pass\n',
      'evaluate.py': WRONG,
      'prepare.py': 'import model\n',
      'README.md': 'no script',
    });
    const { entries, modules, units } = await program(folderOf(path));
    expect(entries.map(({ file }) => file)).toEqual(['prepare.py', 'train_gpt.py']);
    expect([...modules.keys()]).toEqual(['model']);
    expect(units).toHaveLength(4);
    const audit = await auditSource(folderOf(path));
    expect(audit.findings[0]).toMatchObject({ check: 'lut-marker', file: 'evaluate.py' });
    expect(audit.files).toEqual(['evaluate.py', 'model.py', 'prepare.py', 'train_gpt.py']);
  });

  test('without a script, with too many, or with too much, it is refused', async () => {
    const script = 'x = 1\n';
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`s${i}.py`, script]));
    const big = { 'a.py': '#'.repeat(700_000), 'b.py': '#'.repeat(700_000) };
    const cases: [string, string][] = [
      [files({ 'a.txt': script }), 'BPB_SOURCE_MISSING'],
      [files(many), 'BPB_SOURCE_TOO_LARGE'],
      [files(big), 'BPB_SOURCE_TOO_LARGE'],
    ];
    for (const [path, code] of cases) {
      await expect(auditSource(folderOf(path))).rejects.toMatchObject({ code, kind: 'input' });
    }
  });

  test('a link in it and a folder that is called a script are left out', async () => {
    const path = files({ 'a.py': RIGHT });
    const elsewhere = files({ 'wrong.py': WRONG });
    symlinkSync(elsewhere, join(folderOf(path), 'link.py'));
    mkdirSync(join(folderOf(path), 'b.py'));
    expect((await auditSource(folderOf(path))).files).toEqual(['a.py']);
  });
});

describe('only a regular file is read', () => {
  test('a FIFO and a device are refused, not waited for', async () => {
    const fifo = join(temporaryFolder(), 'pipe.py');
    execFileSync('mkfifo', [fifo]);
    for (const path of [fifo, '/dev/zero']) {
      const refused = auditSource(path);
      await expect(refused).rejects.toMatchObject({ code: 'BPB_SOURCE_MISSING', kind: 'input' });
    }
  });

  test('by its size, before it is read; a file that gives no size, as far as the limit', async () => {
    const path = files({ 'big.py': '#'.repeat(50 << 20) });
    await expect(auditSource(path)).rejects.toMatchObject({
      code: 'BPB_SOURCE_TOO_LARGE',
      hint: expect.stringContaining('Give the training script itself'),
    });
    await expect(auditSource('/proc/self/pagemap')).rejects.toMatchObject({ kind: 'input' });
  });
});

describe('the command', () => {
  test('nothing judged is exit 3, a warning 0, a mistake 1; each says how much was judged', async () => {
    const cases: [string, number, RegExp][] = [
      ['print("hello")\n', 3, /^NOT JUDGED .*none of 5 parts\s+judged/s],
      [
        'def evaluate(b):\n    losses = []\n    for x in b:\n        losses.append(m(x))\n    val_loss = sum(losses) / len(losses)\n',
        0,
        /^WARN .*\d to know of, \d of\s+5 parts judged/s,
      ],
      [WRONG, 1, /^FAIL .*\d wrong,.*\d of\s+5\s+parts\s+judged/s],
    ];
    for (const [source, code, headline] of cases) {
      const path = files({ 's.py': source });
      const run = await bpb('audit', '--source', path);
      expect(run.stdout.trimStart()).toMatch(headline);
      expect(run.stdout).not.toMatch(/accounting is right/);
      expect(run.code).toBe(code);
      const json = JSON.parse((await bpb('audit', '--source', path, '--json')).stdout);
      expect(json.source.parts).toHaveLength(5);
      expect(json.source.judged > 0).toBe(code !== 3);
      expect(json.verdict).toBe({ 0: 'warn', 1: 'fail', 3: 'not_judged' }[code]);
      const markdown = await bpb('audit', '--source', path, '--report', 'markdown');
      expect(markdown.stdout).toMatch(/of 5 parts judged/);
      expect(markdown.code).toBe(code);
    }
  });

  test('a tokenizer that passes does not pass a script of which nothing was judged', async () => {
    const path = files({ 's.py': 'print("hello")\n' });
    const { code, stdout } = await bpb('audit', 'byte260', '--source', path, '--json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout).verdict).toBe('not_judged');
  });

  test('stdin, with nothing beside it, and with no end', async () => {
    const script = await fromStdin(
      'cat',
      files({ 'a.py': `import other\n${WRONG}`, 'other.py': '' }),
    );
    expect(script.code).toBe(1);
    expect(JSON.parse(script.stdout)).toMatchObject({
      source: { path: '-', files: [] },
      findings: [{ check: 'source/lut-marker' }],
    });
    const endless = await fromStdin('yes', '#'.repeat(100));
    expect(endless.code).toBe(3);
    expect(JSON.parse(endless.stdout).error.code).toBe('BPB_SOURCE_TOO_LARGE');
  });
});

/** `COMMAND ARGUMENT | bpb audit --source - --json` */
function fromStdin(command: string, argument: string): Promise<{ code: number; stdout: string }> {
  const script = `"$0" "$1" | "$2" "$3" audit --source - --json; exit "\${PIPESTATUS[1]}"`;
  const main = join(import.meta.dirname, '../../dist/cli/main.js');
  const child = spawn('bash', ['-c', script, command, argument, process.execPath, main]);
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code: code ?? -1, stdout }));
  });
}
