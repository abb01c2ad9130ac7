import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BpbError } from '#bpb/errors';
import { checkLedger } from '#bpb/ledger/check';
import { chained, ending, type Fields, header, ledgerFile } from '../helpers/ledger.js';
import { streamOf } from '../helpers/stream.js';

type Reset = 'none' | 'document' | 'never';

interface Case {
  readonly reset: Reset;
  /** Tokens of each document. */
  readonly lengths: readonly number[];
  readonly chunk: number;
  /** Orders documents that run side by side, and chooses what is learned. */
  readonly draws: readonly number[];
}

const cases = fc.record({
  reset: fc.constantFrom<Reset>('none', 'document', 'never'),
  lengths: fc.array(fc.integer({ min: 2, max: 40 }), { minLength: 1, maxLength: 6 }),
  chunk: fc.integer({ min: 1, max: 12 }),
  draws: fc.array(fc.nat(1 << 20), { minLength: 20, maxLength: 20 }),
});

/** What an honest evaluator would have written. */
function honest({ reset, lengths, chunk, draws }: Case): {
  lines: Fields[];
  starts: number[];
  tokens: number;
} {
  const starts = lengths.map((_, d) => lengths.slice(0, d).reduce((sum, n) => sum + n, 0));
  const tokens = lengths.reduce((sum, n) => sum + n, 0);
  const open = starts.map((start, d) => ({
    d,
    next: start + 1,
    end: (starts[d + 1] ?? tokens - 1) + 1,
  }));
  const lines: Fields[] = [];
  const scored: [number, number][][] = lengths.map(() => []);
  for (let step = 0; open.some(({ next, end }) => next < end); step++) {
    const draw = draws[step % draws.length]!;
    const left = open.filter(({ next, end }) => next < end);
    const chosen = reset === 'never' ? left[0]! : left[draw % left.length]!;
    const range: [number, number] = [chosen.next, Math.min(chunk, chosen.end - chosen.next)];
    chosen.next += range[1];
    lines.push({ score: range, document: chosen.d, nats_q30: String(draw * 1024) });
    scored[chosen.d]!.push(range);
    if (reset === 'none' || draw % 3 === 0) continue;
    const shared = reset === 'never' && draw % 2 === 0;
    const seen = shared ? scored.flat() : scored[chosen.d]!;
    lines.push({ adapt: seen.slice(-1 - (draw % 4)), document: shared ? null : chosen.d });
  }
  const first = header({ tokens, documents: lengths.length, reset });
  return { lines: [first, ...lines, ending(lines, tokens)], starts, tokens };
}

async function violations(lines: readonly string[], starts: number[], tokens: number) {
  try {
    const stream = streamOf(new Uint16Array(tokens), starts);
    return (await checkLedger(ledgerFile(lines), { stream })).violations.list();
  } catch (error) {
    if (error instanceof BpbError && error.kind === 'input') return [error];
    throw error;
  }
}

/** Changes of one line, the chain left as it is. */
const mutations: Record<string, (lines: string[], at: number, draw: number) => string[]> = {
  dropped: (lines, at) => lines.toSpliced(at, 1),
  repeated: (lines, at) => lines.toSpliced(at, 0, lines[at]!),
  'moved to the end': (lines, at) =>
    at === lines.length - 1 ? lines.toSpliced(at, 1) : [...lines.toSpliced(at, 1), lines[at]!],
  'swapped with the next': (lines, at) =>
    at === lines.length - 1
      ? lines.toSpliced(at, 1)
      : lines.with(at, lines[at + 1]!).with(at + 1, lines[at]!),
  'changed in one character': (lines, at, draw) => {
    const line = lines[at]!;
    const k = draw % line.length;
    const other = line[k] === '7' ? '8' : '7';
    return lines.with(at, line.slice(0, k) + other + line.slice(k + 1));
  },
  cut: (lines, at, draw) => [...lines.slice(0, at), lines[at]!.slice(0, draw % lines[at]!.length)],
};

test('honest ledgers hold, and no line of one can be changed unseen', async () => {
  await fc.assert(
    fc.asyncProperty(cases, fc.nat(), fc.nat(), async (each, where, draw) => {
      const { lines, starts, tokens } = honest(each);
      const written = chained(lines);
      expect(await violations(written, starts, tokens)).toEqual([]);
      for (const [name, mutate] of Object.entries(mutations)) {
        const found = await violations(
          mutate(written, where % written.length, draw),
          starts,
          tokens,
        );
        expect(found.length, name).toBeGreaterThan(0);
      }
    }),
    { numRuns: 150 },
  );
});

test('whoever forges the chain as well must still make the events add up', async () => {
  await fc.assert(
    fc.asyncProperty(cases, fc.nat(), async (each, where) => {
      const { lines, starts, tokens } = honest(each);
      const scores = [...lines.keys()].filter((at) => 'score' in lines[at]!);
      const at = scores[where % scores.length]!;
      const line = lines[at]!;
      const forgeries: Fields[][] = [
        lines.toSpliced(at, 1),
        lines.toSpliced(at, 0, line),
        lines.with(at, { ...line, nats_q30: String(BigInt(line['nats_q30'] as string) + 1n) }),
        lines.with(at, { ...line, document: (line['document'] as number) + 1 }),
        [lines[0]!, { adapt: [line['score']], document: line['document'] }, ...lines.slice(1)],
      ];
      for (const forged of forgeries) {
        expect((await violations(chained(forged), starts, tokens)).length).toBeGreaterThan(0);
      }
    }),
    { numRuns: 150 },
  );
});
