/** The page for users of PyTorch: its programs and commands, run one after the other as a reader would. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/folder.js';
import { pythonWith } from '../helpers/python.js';
import { seededTexts } from '../helpers/score-fixture.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(join(ROOT, 'docs/from-pytorch.md'), 'utf8');
const python = pythonWith('torch', 'onnx', 'onnxscript', 'onnxruntime', 'numpy');

const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, text]) => text!,
  );

/** The reader's model: small, and as long as the page's rows. */
const MODEL = `
import sys
sys.path.insert(0, ${JSON.stringify(join(ROOT, 'test/exports'))})
import tiny
tiny.LONGEST = 512
model = tiny.seeded(tiny.Gpt())
`;

describe.skipIf(python === undefined)('needs torch, onnx, onnxscript and onnxruntime', () => {
  const [dynamo, script, compare] = blocks('python');
  const commands = blocks('sh')
    .flatMap((block) => block.trim().split('\n'))
    .filter((line) => line.startsWith('npx bpb '));

  test('there are two ways to export, a comparison, and two commands', () => {
    expect(dynamo).toContain('dynamo=True');
    expect(script).toContain('dynamo=False');
    expect(compare).toContain('onnxruntime');
    expect(commands.map((line) => line.split(' ')[2])).toEqual(['score', 'probe']);
  });

  test.each([
    ['newer', dynamo!],
    ['older', script!],
  ])('the %s exporter, the comparison, the commands', (_, block) => {
    const cwd = temporaryFolder();
    const run = spawnSync(python!, ['-c', MODEL + block + compare], { cwd, encoding: 'utf8' });
    expect(run.stderr.slice(-2000) + run.status).toMatch(/0$/);
    const docs = seededTexts(40).map((text) => `${JSON.stringify({ text })}\n`);
    writeFileSync(join(cwd, 'docs.jsonl'), docs.join(''));
    for (const command of commands) {
      const args = [join(ROOT, 'dist/cli/main.js'), ...command.split(' ').slice(2)];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, {
        cwd,
        encoding: 'utf8',
      });
      expect(`${stderr}${stdout}${status}`).toMatch(/0$/);
    }
  });

  test('the comparison finds another model', () => {
    const cwd = temporaryFolder();
    const other = 'model.head.weight.data[3, 5] += 0.5\n';
    const program = MODEL + script + other + compare;
    const run = spawnSync(python!, ['-c', program], { cwd, encoding: 'utf8' });
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('the export is another model');
  });
});
