import { describe, expect, test } from 'vitest';
import { BATCH, kernel, LOG, logOf, NAMES, product } from './launches.js';

const part = (name: string) =>
  import(new URL(`../../bench/gpu/roofline/${name}.mjs`, import.meta.url).href);
const { chooseBatch, parseLog } = await part('log');
const { demangle } = await part('mangled');
const { align, measuredBatches, parseNcu, plainName } = await part('ncu');
const { ratesOf } = await part('rates');
const { readContext } = await part('context');
const { workOf } = await part('work');
const { roofline, rooflineBeside } = await part('roofline');
const { kindTable, summary } = await part('print');

/** Names as a profiler would list the kernels of a batch: cuBLAS's own where the log has a product. */
function profiled(lines: readonly string[]): string[] {
  return parseLog(logOf(lines)).flatMap((launch: { kind: string; mangled: string }) => {
    if (launch.kind === 'kernel') return [demangle(launch.mangled).name];
    return launch.kind === 'product' ? ['sm90_xmma_gemm_f16f16_f32'] : [];
  });
}

const HEADER = '"ID","Process ID","Kernel Name","Context","Block Size","Grid Size","CC"';

/** What `ncu --csv --page raw` writes: made up, every kernel as long as its place in the list. */
function rawCsv(names: readonly string[], unit = 'ns') {
  const rows = names.map(
    (name, i) =>
      `"${i}","77","void ns::${name}<int, ns::Op<""x"">>(int, ns::T<2>)","1","(256, 1, 1)","(4, 1, 1)","9.0","${(1000 * (i + 1)).toLocaleString('en-US')}"`,
  );
  return `==PROF== Connected to process 77\n${HEADER},"gpu__time_duration.sum"\n"","","","","","","","${unit}"\n${rows.join('\n')}\n`;
}

describe('ncu’s table', () => {
  test('a column of the metric, its unit in the line below', () => {
    expect(parseNcu(rawCsv(['a', 'b']))).toEqual([
      { name: 'a', microseconds: 1 },
      { name: 'b', microseconds: 2 },
    ]);
    expect(parseNcu(rawCsv(['a'], 'us'))[0].microseconds).toBe(1000);
  });

  test('a row a metric', () => {
    const rows = [
      '"0","1","k(int)","Other","ns","9"',
      '"0","1","k(int)","gpu__time_duration.sum","msecond","1.5"',
    ];
    const head = '"ID","Context","Kernel Name","Metric Name","Metric Unit","Metric Value"';
    expect(parseNcu(`${[head, ...rows].join('\n')}\n`)).toEqual([
      { name: 'k', microseconds: 1500 },
    ]);
  });

  test.each([
    ['no header', 'nothing here\n', 'expected a header with "Kernel Name"'],
    ['another metric', `${HEADER},"sm__cycles"\n`, 'expected a column gpu__time_duration.sum'],
    ['not a number', rawCsv(['a']).replace('"1,000"', '"nan"'), 'found "nan"'],
    ['a time of nothing', rawCsv(['a']).replace('"1,000"', '"0"'), 'found "0"'],
    ['an unknown unit', rawCsv(['a'], 'fortnights'), 'expected a time of a kernel'],
  ])('%s is refused by name', (_, text, sentence) => {
    expect(() => parseNcu(text, 'n.csv')).toThrow(sentence);
    expect(() => parseNcu(text, 'n.csv')).toThrow('n.csv');
  });

  test('names without namespaces, arguments and results', () => {
    expect(plainName('void onnxruntime::cuda::_SplitKernel<short>(long, T<int>)')).toBe(
      '_SplitKernel',
    );
    expect(plainName('(anonymous namespace)::clear_flags(bpb_cuda_flags *)')).toBe('clear_flags');
    expect(plainName('sm90_xmma_gemm')).toBe('sm90_xmma_gemm');
  });
});

describe('times beside launches', () => {
  const batch = chooseBatch(parseLog(LOG));
  const names = profiled(BATCH);

  test('whole batches only, like ones by their median, the longest first', () => {
    const small = ['a', 'score_kernel'];
    const text = rawCsv([
      ...names.slice(3),
      ...small,
      ...small,
      ...names,
      ...names,
      ...names.slice(0, 2),
    ]);
    const [longest, other, ...more] = measuredBatches(parseNcu(text));
    expect(more).toEqual([]);
    expect(longest.map(({ name }: { name: string }) => name)).toEqual(names);
    const first = names.length - 3 + 2 * small.length;
    // Of two the later one, as of three the middle one.
    expect(longest[0].microseconds).toBe(first + names.length + 1);
    expect(other[1]).toEqual({ name: 'score_kernel', microseconds: names.length - 3 + 4 });
    expect(measuredBatches(parseNcu(rawCsv(names)))).toEqual([]);
  });

  test('of a profile the batches count that are of these launches', () => {
    const rates = ratesOf('h100');
    const profile = (...lists: string[][]) => parseNcu(rawCsv([...names, ...lists.flat()]));
    const longer = [...names.slice(0, -1), 'more', 'more', 'score_kernel'];
    const found = rooflineBeside(batch, profile(names, longer), { rates });
    expect(found.total.measured_us).toBeGreaterThan(0);
    expect(() => rooflineBeside(batch, profile(longer), { rates, path: 'n.csv' })).toThrow(
      'n.csv: kernel 38 of the batch: expected score_kernel, found more',
    );
    expect(() => rooflineBeside(batch, profile(), { rates, path: 'n.csv' })).toThrow(
      'n.csv: no whole batch',
    );
  });

  test('every kernel and product gets its own, copies none', () => {
    const work = workOf(batch, readContext(batch));
    const kernels = names.map((name, i) => ({ name, microseconds: i + 1 }));
    const { times, together } = align(work, kernels);
    expect(together).toBe(0);
    const timed = times.filter((time: number | null) => time !== null);
    expect(timed).toEqual(kernels.map(({ microseconds }) => microseconds));
    work.forEach(({ launch }: { launch: { kind: string } }, i: number) => {
      expect(times[i] === null).toBe(launch.kind === 'copy' || launch.kind === 'set');
    });
  });

  test('a product’s second kernel, products in a row, and ones that cannot be told apart', () => {
    const lines = [
      product(256, 65536, 512),
      product(512, 65536, 512),
      kernel(NAMES.relu, '65536,1,1'),
      kernel(NAMES.score, '512,1,1'),
    ];
    const small = parseLog(logOf(lines));
    const work = workOf(small, readContext(small));
    const at = (own: string[]) =>
      align(
        work,
        [...own, '_UnaryElementWise', 'score_kernel'].map((name, i) => ({
          name,
          microseconds: 10 ** i,
        })),
      );
    expect(at(['gemm', 'gemm']).times).toEqual([1, 10, 100, 1000]);
    expect(at(['gemm', 'splitKreduce_kernel', 'gemm'])).toEqual({
      times: [11, 100, 1000, 10000],
      together: 0,
    });
    expect(at(['gemm', 'pack', 'gemm'])).toEqual({
      times: [null, null, 1000, 10000],
      together: 111,
    });
  });

  test('a profile of something else is refused, with both names', () => {
    const work = workOf(batch, readContext(batch));
    const wrong = names.map((name, i) => ({ name: i === 1 ? 'other' : name, microseconds: 1 }));
    expect(() => align(work, wrong, 'n.csv')).toThrow(
      'n.csv: kernel 1 of the batch: expected _BinaryElementWiseRhsPerChannelBatchN, found other',
    );
    const longer = [...names, 'more'].map((name) => ({ name, microseconds: 1 }));
    expect(() => align(work, longer)).toThrow('1 kernels are left');
    expect(() => align(work, [])).toThrow('found the end');
  });

  test('the table has measured times and the share of the floor', () => {
    const kernels = names.map((name) => ({ name, microseconds: 500 }));
    const rates = ratesOf('h100', { copy_gbs: 3000 });
    const found = roofline(batch, { rates, measured: kernels });
    expect(found.total.measured_us).toBe(500 * names.length);
    const attention = found.kinds.find(({ kind }: { kind: string }) => kind === 'attention');
    expect(attention.measured_us).toBe(1000);
    const share = Math.round((100 * attention.floor_us) / 1000);
    expect(kindTable(found)).toContain(`| 1,000 | ${share} % |`);
    expect(summary(found, rates)).toContain('memory 3.00 TB/s (measured copy)');
    expect(summary(found, rates)).toContain('Measured: 19,500 µs in kernels, 3.36 M tokens/s.');
  });
});
