import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  appended,
  archived,
  COMMIT,
  DEVICE,
  documents,
  figures,
  goodResults,
  part,
  peer,
  run,
  step,
  time,
  without,
  writeResults,
} from './results.js';

const DOCS = fileURLToPath(new URL('../../docs', import.meta.url));
const { figures: made, DOCUMENTS } = await part('figures');
const { namesIn, replaceBlocks } = await part('markers');
const { readResults } = await part('results');

/** The documents with these results in them, made here; the command itself is tried below. */
function written(files: Record<string, string>) {
  const { contents, batchRow } = made(readResults(writeResults(files)));
  const { read } = documents();
  return { read: (name: string): string => replaceBlocks(read(name), contents, name), batchRow };
}

describe('figures of a whole run', () => {
  test('land between their markers, with machine, driver, date and commit; prose stays', () => {
    const { folder, read } = documents();
    const { status, stdout, stderr } = figures(writeResults(goodResults()), '--docs', folder);
    expect([status, stderr]).toEqual([0, '']);
    const gpu = read('gpu.md');
    expect(gpu).toContain(
      `Measured on one ${DEVICE}, driver 580.1, 2026-01-02, commit ${COMMIT}; nvcc 13.0, PyTorch 2.11.0, Triton absent, cuDNN absent, ncu absent.`,
    );
    expect(gpu).not.toContain('\nold\n');
    expect(gpu.match(/\nprose\n/g)).toHaveLength(5);
    expect(gpu.endsWith('\nend\n')).toBe(true);
    expect(read('optimize.md')).toBe('# optimize.md\n\n\nend\n');
    expect(read('cuda-kernel.md')).toContain(
      `${DEVICE}, driver 580.1, 2026-01-02, commit ${COMMIT}.`,
    );
    expect(stdout.match(/^written: /gm)).toHaveLength(5);
  });

  test('a goal is met or not met, by its own limit', () => {
    const { read } = written(goodResults());
    const kernel = read('cuda-kernel.md');
    expect(kernel).toContain('| fp32, V ≥ 4,096 | ≥ 97.0 % | 98.0 % at fp32, V = 8,192 | met |');
    expect(kernel).toContain('| V = 1,024 | ≥ 85.0 % | 83.0 % at fp32, V = 1,024 | **not met** |');
    expect(kernel).toContain('| 16 bits, V ≥ 4,096 | ≥ 92.0 % | *unmeasured* |  |');
    expect(kernel).toContain('| 2 of 3, behind QuACK fp32 V = 8,192 | **not met** |');
    expect(kernel).toContain('2 of 2 right | met |');
    expect(kernel).toContain('| fp32 | 8,192 | – | 4 | 98.0 % | **99.1 %** |');
    const gpu = read('gpu.md');
    expect(gpu).toContain(
      '| 4,000,000 | fp16 compiled | 5,000,000 | 0.80 × | ≥ 1.0 ×: **not met**; aim 1.2 × | 9.1234 / 9.1239 | 0.4 % |',
    );
    expect(gpu).toContain(
      'mean size 2.0e-6, signed 1.0e-8, largest 1.0e-5, 16,693 targets | met |',
    );
    expect(gpu).toContain(
      'mean size 1.0e-3, signed -2.0e-4, largest 1.0e-2, 16,693 targets | **not met** |',
    );
    expect(gpu).toContain(
      '| the same run again, fp16 | equal to the last bit | different | **not met** |',
    );
    expect(gpu).toContain('| 9,000, at most 1,200 | **not met** |');
    expect(gpu).toContain('| 1,000, at most 1,200 | met |');
    expect(gpu).toContain('| pass, 1.2e-5 nats | met |');
    expect(gpu).toContain('3.500000, off by -2.0e-6, 9,000 targets/s | met |');
    expect(gpu).toContain(
      '| chunk, fp16 | 62,000,000 in 12.40 s | 12.4 s | ≤ 10.3 s on one H100 | **not met** |',
    );
    expect(gpu).toContain('| 41 of 41 | met |');
  });

  test.each([
    [5_000_000, '1.00 × | ≥ 1.0 ×: met; aim 1.2 ×'],
    [6_000_000, '1.20 × | ≥ 1.2 ×: met'],
  ])('a whole run as fast as PyTorch’s meets the goal, %s', (targets_per_s, said) => {
    const files = goodResults();
    files['end-to-end.jsonl'] += `${JSON.stringify(run({ targets_per_s }))}\n`;
    expect(written(files).read('gpu.md')).toContain(`| ${said} |`);
  });

  test('operators at each shape, and no speed where one is wrong', () => {
    const good = written(goodResults()).read('cuda-operators.md');
    expect(good).toContain('2 of 2 right, met.');
    expect(good).toContain('| SumNorm | 2 terms | fp16 | 2,660, 90.0 % | met | 34.0 % |');
    expect(good).toContain('| SwiGlu | 1024, halves | fp16 | 2,400, 81.0 % | **not met** | – |');
    const failed = { check: 'SwiGlu, fp16, plain', cases: 20, ok: false, detail: 'off' };
    const files = appended('operators-check.jsonl', failed);
    const wrong = written({
      ...files,
      'steps/operators-check.json': JSON.stringify(step('operators-check', 'failed')),
    }).read('cuda-operators.md');
    expect(wrong).not.toContain('GB/s');
    const absent = without(goodResults(), 'steps/operators-time.json');
    expect(written(absent).read('cuda-operators.md')).toContain('each. *unmeasured*');
  });

  test('a speed with another loss than PyTorch’s meets no goal', () => {
    const files = goodResults();
    const wrong = run({ targets_per_s: 9_000_000, val_loss: 6 });
    files['end-to-end.jsonl'] += `${JSON.stringify(wrong)}\n`;
    const gpu = written(files).read('gpu.md');
    expect(gpu).toContain('| 1.80 × | **not met**: the losses differ | 6.0000 / 9.1239 |');
  });

  test('the row of the table of batch sizes: the smallest within 1 % of the fastest', () => {
    expect(written(goodResults()).batchRow).toBe(
      "{ device: /^NVIDIA H100 80GB \\(made up\\)$/, tokens: 65_536, measured: '2026-01-02, commit 0123456789ab, baseline-9x512' },",
    );
    const two = appended(
      'end-to-end.jsonl',
      run({ shape: 'wide-11x512', purpose: 'batch', batch_tokens: 131072 }),
    );
    expect(written(two).batchRow).toContain('tokens: 131_072');
  });

  test('the second writing changes nothing, and --check says which documents are old', () => {
    const { folder, read } = documents();
    const out = writeResults(goodResults());
    expect(figures(out, '--docs', folder).stdout).toContain('tokens: 65_536');
    const before = read('gpu.md');
    const again = figures(out, '--docs', folder);
    expect(again.stdout).toContain('the documents are up to date');
    expect(figures(out, '--docs', folder, '--check').status).toBe(0);
    expect(read('gpu.md')).toBe(before);
    const other = without(goodResults(), 'adaptive.jsonl');
    const check = figures(writeResults(other), '--docs', folder, '--check');
    expect(check.status).toBe(1);
    expect(check.stdout).toContain(`not up to date: ${join(folder, 'gpu.md')}`);
    expect(check.stdout.match(/not up to date/g)).toHaveLength(1);
    expect(read('gpu.md')).toBe(before);
  });

  test('the archive that gpu-check.sh leaves gives the same as its folder', () => {
    const { read } = written(goodResults());
    for (const out of [archived(goodResults()), join(writeResults(goodResults()), 'results')]) {
      const { contents } = made(readResults(out));
      for (const name of DOCUMENTS)
        expect(replaceBlocks(read(name), contents, name)).toBe(read(name));
    }
  });
});

describe('what is missing or failed', () => {
  test('stays unmeasured', () => {
    const { read } = written(
      without(goodResults(), 'kernel-lab.jsonl', 'steps/e2e-baseline-fp16.json', 'machine.json'),
    );
    expect(read('cuda-kernel.md')).toContain('| fp32, V ≥ 4,096 | ≥ 97.0 % | *unmeasured* |  |');
    expect(read('cuda-kernel.md')).not.toContain('GB/s');
    // Its lines are there, but no step says that they came to be.
    expect(read('gpu.md')).toContain(
      '| optimize fp16 | *unmeasured* | fp16 compiled | 5,000,000 |',
    );
    expect(read('gpu.md')).toContain('*Unmeasured*: no figure here comes from a GPU yet.');
  });

  test('a step that did not begin, and one that only ran out of time', () => {
    const files = goodResults();
    for (const name of ['long-chunk', 'long-sliding']) {
      files[`steps/${name}.json`] = JSON.stringify(step(name, 'not begun'));
    }
    files['steps/peer-baseline-fp16.json'] = JSON.stringify(step('peer-baseline-fp16', 'timeout'));
    const { read } = written(files);
    expect(read('gpu.md')).toContain('| chunk, fp16 | *unmeasured* |');
    expect(read('gpu.md')).toContain('0.80 ×');
    expect(read('gpu.md')).toContain('| C | peer-baseline-fp16 | **timeout** | 3 |');
  });

  test('what failed shows its answer in place of a figure, which cannot break out of its cell', () => {
    const files = goodResults();
    const answer = 'bad | sum\n<!-- /figures -->';
    files['steps/lab-check.json'] = JSON.stringify(
      step('lab-check', 'failed', { code: 1, answer }),
    );
    files['steps/sotu-fp16.json'] = JSON.stringify(
      step('sotu-fp16', 'failed', { answer: 'differs' }),
    );
    files['sotu.jsonl'] = '';
    const { read } = written(files);
    const kernel = read('cuda-kernel.md');
    expect(kernel).toContain(
      'No speed is shown: *failed*, step lab-check: bad \\| sum &lt;!-- /figures -->.',
    );
    expect(kernel).not.toContain('GB/s');
    expect(kernel).toContain('2 of 2 right | **not met** |');
    expect(read('gpu.md')).toContain('| *failed*, step sotu-fp16: differs |');
    expect(namesIn(kernel, 'cuda-kernel.md')).toEqual(['kernel', 'lanes']);
  });

  test('a wrong version is not a figure, and a run that failed says why', () => {
    const wrong = appended('kernel-lab.jsonl', time({ type: 'fp16', of_copy: 0.99, ok: false }));
    const { read } = written(wrong);
    expect(read('cuda-kernel.md')).toContain('| 16 bits, V ≥ 4,096 | ≥ 92.0 % | *unmeasured* |  |');
    expect(read('cuda-kernel.md')).toContain('| fp16 | 8,192 | – | 4 | **wrong** |');
    const failed = appended('end-to-end.jsonl', run({ error: 'BPB_GPU_MEMORY 1 | 2' }));
    expect(written(failed).read('gpu.md')).toContain('*failed*: BPB_GPU_MEMORY 1 \\| 2');
  });

  test('a repeated step’s line counts, a torn last one does not', () => {
    const again = appended('end-to-end.jsonl', run({ targets_per_s: 4_500_000 }));
    again['end-to-end.jsonl'] += '{"who":"bpb","shape":"basel';
    const { read } = written(again);
    expect(read('gpu.md')).toContain('| 4,500,000 | fp16 compiled | 5,000,000 | 0.90 × |');
  });

  test('an absent peer is named', () => {
    const files = goodResults();
    files['steps/peers-triton.json'] = JSON.stringify(
      step('peers-triton', 'failed', { answer: 'no Triton' }),
    );
    files['peers.jsonl'] +=
      `${JSON.stringify(peer('PyTorch eager', 1, { vocab: 1024, error: 'out of memory' }))}\n`;
    const kernel = written(files).read('cuda-kernel.md');
    expect(kernel).toContain(
      'Not beside it: Triton one read: *failed*, step peers-triton: no Triton.',
    );
    expect(kernel).toContain('| fp32 | 1,024 | – | 4 | 2,450, 83.0 % | – | – | – |');
  });
});

describe('times of a batch’s kernels', () => {
  const launches = new URL('../../bench/gpu/roofline/', import.meta.url);
  const profile = {
    shape: 'baseline-9x512',
    precision: 'fp16',
    batch: [64, 1024],
    command: 'ncu … | made up',
  };

  /** A profile of three made-up batches with these kernels, 100 µs each. */
  const csv = (names: string[]) =>
    [
      '"ID","Kernel Name","gpu__time_duration.sum"',
      '"","","ns"',
      ...[...names, ...names, ...names].map(
        (name, i) => `"${i}","void x::${name}<int>(int)","100000"`,
      ),
      '',
    ].join('\n');

  test('stand beside the floors where the launches at hand are theirs', async () => {
    const { parseLog } = await import(new URL('log.mjs', launches).href);
    const { demangle } = await import(new URL('mangled.mjs', launches).href);
    const kept = readFileSync(new URL('launches/baseline-9x512-fp16.launches', launches), 'utf8');
    const names = parseLog(kept).flatMap((launch: { kind: string; mangled: string }) =>
      launch.kind === 'kernel'
        ? [demangle(launch.mangled).name]
        : launch.kind === 'product'
          ? ['gemm']
          : [],
    );
    const files = {
      ...goodResults(),
      'ncu-baseline-9x512-fp16.csv': csv(names),
      'ncu-baseline-9x512-fp16.json': JSON.stringify(profile),
    };
    const text = written(files).read('roofline.md');
    expect(text).toContain('9 × 512, V 1,024, fp16. H100 SXM, memory');
    expect(text).toContain('memory 2.96 TB/s (measured copy)');
    expect(text).toContain(
      `Measured: ${(100 * names.length).toLocaleString('en-US')} µs in kernels`,
    );
    expect(text).toMatch(/\| attention \| 9 \| .* \| 900 \| \d+ % \|/);
  });

  test('are listed by name where they are of something else, and a failed step is reported', () => {
    const files: Record<string, string> = {
      ...goodResults(),
      'ncu-baseline-9x512-fp16.csv': csv(['other_kernel', 'score_kernel']),
      'ncu-baseline-9x512-fp16.json': JSON.stringify(profile),
    };
    const text = written(files).read('roofline.md');
    expect(text).toContain(
      'fp16: no floors, kernel 0 of the batch: expected _GatherKernel, found other_kernel. Kernels',
    );
    expect(text).toContain('| `other_kernel` | 1 | 100 |');
    files['steps/ncu-baseline.json'] = JSON.stringify(
      step('ncu-baseline', 'failed', { answer: 'killed' }),
    );
    delete files['ncu-baseline-9x512-fp16.csv'];
    expect(written(files).read('roofline.md')).toContain(
      '9 × 512, V 1,024: times of one batch *failed*, step ncu-baseline: killed.',
    );
  });
});

describe('the project’s documents', () => {
  test('have every marker that is written, each once and well formed, and the calculated tables of now', () => {
    const { contents } = made(null);
    const all = DOCUMENTS.flatMap((name: string) =>
      namesIn(readFileSync(join(DOCS, name), 'utf8'), name),
    );
    expect(all.filter((name: string) => contents[name] === undefined)).toEqual([]);
    const calculated = Object.fromEntries(
      Object.entries(contents).filter(([name]) => name.startsWith('roofline-')),
    );
    expect(all).toEqual(expect.arrayContaining(Object.keys(calculated)));
    const path = join(DOCS, 'roofline.md');
    const text = readFileSync(path, 'utf8');
    expect(replaceBlocks(text, calculated, path)).toBe(text);
  });

  test('no other document has a marker', () => {
    const others = readdirSync(DOCS).filter((name) => name.endsWith('.md'));
    const marked = others.filter((name) =>
      readFileSync(join(DOCS, name), 'utf8').includes('<!-- figures:'),
    );
    const known = [
      'cuda-kernel.md',
      'cuda-operators.md',
      'gpu.md',
      'optimize.md',
      'performance.md',
      'roofline.md',
    ];
    expect(marked.filter((name) => !known.includes(name))).toEqual([]);
  });
});
