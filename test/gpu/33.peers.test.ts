/** What `bpb` is compared with on a GPU does the same work: tried on the CPU, where Python has the modules. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/folder.js';
import { pythonWith } from '../helpers/python.js';

const root = resolve(import.meta.dirname, '../..');
const SHAPE = 'tiny-2x64';
/** Importing PyTorch alone takes a busy machine a minute. */
const PATIENCE = 300_000;

function run(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  expect(status, stdout + stderr).toBe(0);
  return stdout.trim();
}

const triton = pythonWith('torch', 'triton', 'numpy');
const noTriton = triton === undefined ? ' (skipped: no Python with PyTorch and Triton)' : '';
describe.skipIf(triton === undefined)(`the Triton kernel with one read${noTriton}`, () => {
  test(
    'gives float64’s nats to 1e-5, with and without a softcap',
    () => {
      expect(Number(run(triton!, 'test/oracles/one_read.py'))).toBeLessThan(1e-5);
    },
    PATIENCE,
  );
});

const python = pythonWith('torch', 'onnx', 'numpy');
const noTorch = python === undefined ? ' (skipped: no Python with PyTorch and onnx)' : '';
describe.skipIf(python === undefined)(`PyTorch’s side of the benchmark${noTorch}`, () => {
  const folder = () => {
    const models = temporaryFolder();
    run(python!, 'bench/gpu/make_models.py', models, SHAPE);
    return models;
  };

  test('reads the weights that the artifact has', () => {
    const paths = [join(folder(), SHAPE), 'models/sotu-8x256'].map((artifact) =>
      join(artifact, 'model.onnx.xz'),
    );
    expect(Number(run(python!, 'test/oracles/onnx_initializers.py', ...paths))).toBeGreaterThan(
      100,
    );
  });

  test(
    'scores the same targets with the same loss as bpb, chunk and sliding',
    () => {
      const models = folder();
      const [ours, theirs] = [join(models, 'ours.jsonl'), join(models, 'theirs.jsonl')];
      const { execPath } = process;
      const variant = ['--variant', 'exported', '--device', 'cpu'];
      run(execPath, 'bench/gpu/run.mjs', models, ours, '--shape', SHAPE, ...variant);
      const [chunk, sliding] = run(execPath, 'bench/gpu/shard.mjs', models, SHAPE).split('\n');
      const data = ['--chunk', chunk!, '--sliding', sliding!, '--batch-tokens', '2048'];
      const how = [...data, '--device', 'cpu', '--eager'];
      run(python!, 'bench/gpu/peer.py', SHAPE, join(models, SHAPE), 'fp32', theirs, ...how);
      const [mine, other] = [ours, theirs].map((path) =>
        readFileSync(path, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Record<string, number | string>),
      );
      expect(mine).toHaveLength(2);
      for (const [index, line] of mine!.entries()) {
        const peer = other![index]!;
        expect(peer).toMatchObject({
          window: line['window'],
          targets: line['targets'],
          error: null,
        });
        expect(peer['input_tokens']).toBe(line['input_tokens']);
        const difference = Number(peer['val_loss']) - Number(line['val_loss']);
        expect(Math.abs(difference)).toBeLessThan(1e-5);
      }
    },
    PATIENCE,
  );

  test(
    'a run that stands there already is left out, unless it is asked for again',
    () => {
      const models = folder();
      const out = join(models, 'ours.jsonl');
      const how = ['--variant', 'exported', '--device', 'cpu', '--windows', 'chunk'];
      const times = (again: string) => {
        const env = { ...process.env, BPB_GPU_AGAIN: again };
        const args = ['bench/gpu/run.mjs', models, out, '--shape', SHAPE, ...how];
        expect(spawnSync(process.execPath, args, { cwd: root, env }).status).toBe(0);
        return readFileSync(out, 'utf8').trim().split('\n').length;
      };
      expect(['', '', '1'].map(times)).toEqual([1, 1, 2]);
    },
    PATIENCE,
  );

  test(
    'no gain, mix or skip is 1, so that no product drops out of the rewritten model',
    () => {
      const script = [
        'import sys, lzma; sys.path.insert(0, "bench/gpu"); import onnx_initializers as o',
        'arrays = o.read(lzma.decompress(open(sys.argv[1], "rb").read()))[1]',
        'small = [a for n, a in arrays.items() if n.endswith((".mix.0", ".mix.1")) or n.startswith("skip")]',
        'print(len(small), sum(int((abs(a - 1) < 1e-6).all() or (abs(a) < 1e-6).all()) for a in small))',
      ].join('\n');
      const found = run(python!, '-c', script, join(folder(), SHAPE, 'model.onnx.xz'));
      expect(found).toBe('5 0'); // two mixes a layer, one skip
    },
    PATIENCE,
  );
});
