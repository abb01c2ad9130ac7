/** The tfjs engine: what it says without TensorFlow.js, and with a test double of it installed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createAdaptiveEngine, createEngine, ENGINE_CHOICES } from '#bpb/engine/create';
import { bpbIn } from '../helpers/command.js';
import { engineOptions } from '../helpers/engines.js';
import { temporaryFolder } from '../helpers/folder.js';
import { normals, tableModel } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture } from '../helpers/score-fixture.js';
import { adaptiveOptions, sumModel, tensor } from '../helpers/state-graphs.js';

const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node', '@tensorflow/tfjs'];

const installed = PACKAGES.find((name) => {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
});

const model = tableModel(normals(7 * 10, 1), 7);

/** A folder for NODE_PATH with packages of these names and main modules. */
function packages(mains: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, main] of Object.entries(mains)) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, 'package.json'), JSON.stringify({ name, main: 'main.js' }));
    writeFileSync(join(folder, name, 'main.js'), main);
  }
  return folder;
}

const version = (number: string) => `exports.version = { tfjs: '${number}' };`;

/** `bpb score --engine tfjs --json` where these packages are installed. */
async function scored(mains: Readonly<Record<string, string>>) {
  const w = await scoreFixture();
  const flags = ['--tokenizer', 'byte260', '--docs', w.docs, '--window', 'chunk'];
  const args = ['score', w.model, ...flags, '--seq-len', '32', '--engine', 'tfjs', '--json'];
  const env = { NODE_PATH: packages(mains) };
  const { code, stdout } = await bpbIn(env, args);
  return { code, error: JSON.parse(stdout).error, model: w.model };
}

const name = `without TensorFlow.js${installed === undefined ? '' : ` (skipped: ${installed} is installed)`}`;

describe.skipIf(installed !== undefined)(name, () => {
  test('both kinds of engine answer with the install command, exit 4', async () => {
    const stateless = () => createEngine('tfjs', engineOptions(model));
    const adaptive = adaptiveOptions(sumModel(), [tensor('sum')]);
    for (const open of [stateless, () => createAdaptiveEngine('tfjs', adaptive)]) {
      const error = await refusalOf(open);
      expect(error).toMatchObject({ code: 'BPB_TFJS_MISSING', exitCode: 4, path: '--engine' });
      for (const each of PACKAGES) expect(error.expected).toContain(each);
      expect(error.hint).toContain('npm install @tensorflow/tfjs-node ');
      expect(error.hint).toContain('onnx-cpu');
    }
  });

  test('the command exits with 4', async () => {
    expect(await scored({})).toMatchObject({ code: 4, error: { code: 'BPB_TFJS_MISSING' } });
  });

  test.each(PACKAGES)('%s is found, and does not score an ONNX artifact', async (each) => {
    const { code, error, model: path } = await scored({ [each]: version('4.22.0') });
    expect(code).toBe(4);
    expect(error).toMatchObject({ kind: 'environment', code: 'BPB_TFJS_ARTIFACT', path });
    expect(error.actual).toContain(`${each} 4.22.0`);
    expect(error.hint).toContain('--engine onnx-cuda, onnx-cpu or onnx-js');
  });

  test('the fastest one that loads is taken', async () => {
    const [gpu, node, pure] = PACKAGES as [string, string, string];
    const broken = "throw new Error('no libtensorflow here');";
    const { error } = await scored({
      [gpu]: broken,
      [node]: version('4.1.0'),
      [pure]: version('3.0.0'),
    });
    expect(error.actual).toContain(`${node} 4.1.0`);
    expect(await scored({ [gpu]: broken })).toMatchObject({
      code: 4,
      error: { code: 'BPB_TFJS_LOAD', actual: `${gpu}: no libtensorflow here` },
    });
  });
});

test('auto never takes it, and the choices name it', async () => {
  expect(ENGINE_CHOICES).toEqual(['auto', 'onnx-cuda', 'onnx-cpu', 'onnx-js', 'tfjs']);
  const { engine, notes } = await createEngine('auto', engineOptions(model, { cuda: null }));
  expect(engine.info.name).not.toBe('tfjs');
  expect(notes.join()).not.toContain('tfjs');
  await engine.close();
});
