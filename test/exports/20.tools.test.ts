/**
 * What current tools export: scored as Python's onnxruntime scores it, or refused in words; no probe fails, and
 * `--optimize` is proved.
 *
 * Minutes, so only with BPB_TEST_LONG=1. BPB_EXPORT_PYTHONS names Pythons, separated by colons, which have the
 * tools (CONTRIBUTING.md says which); BPB_TEST_MATRIX a folder that keeps what was made.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { probe } from '#bpb/index';
import { bpb } from '../helpers/command.js';
import { type Entry, type Lines, linesOf, listEntries, Matrix, referee, run } from './matrix.js';

/**
 * Against the same runtime at the same settings; the order of sums may differ. Of probabilities the runtime takes
 * the logarithms in fp32 here, and the referee in float64.
 */
const TOLERANCE_BPB = { logits: 1e-8, probabilities: 1e-7 };
/** Of the mean size of what `--optimize` moves in fp16: beyond it a rewrite is wrong, not rounded. */
const HALVED_NATS = 1e-2;

const long = process.env['BPB_TEST_LONG'] === '1';
const entries: readonly Entry[] = long ? listEntries() : [];

describe.skipIf(!long || referee === undefined)(
  'exports of current tools (BPB_TEST_LONG=1)',
  () => {
    const matrix = new Matrix();
    let figures: Lines = new Map();

    beforeAll(() => {
      matrix.make();
      figures = linesOf(run(referee!, 'referee.py', matrix.folder, ...matrix.made()));
    }, 3_600_000);

    const flagsOf = (entry: Entry) => {
      const { artifact, data, seqLen } = matrix.optionsOf(entry);
      const common = ['--tokenizer', 'byte260', '--data', data[0]!, '--window', 'chunk'];
      return ['score', artifact, ...common, '--seq-len', String(seqLen), '--json', ...entry.flags];
    };
    const wanted = ({ name }: Entry) => {
      const line = figures.get(name);
      expect(line?.['error']).toBeUndefined();
      return line!['bpb'] as number;
    };

    const scored = entries.filter(({ outcome }) => outcome === 'score');
    describe.each(scored)('$name', (entry) => {
      test("has the referee's figure and is verified", async (context) => {
        matrix.skipUnmade(context, entry);
        const { code, stdout } = await bpb(...flagsOf(entry));
        const result = JSON.parse(stdout);
        expect(result.error).toBeUndefined();
        expect(Math.abs(result.score.val_bpb - wanted(entry))).toBeLessThan(
          TOLERANCE_BPB[entry.gives],
        );
        expect(result.verification.verdict).toMatch(/^(pass|not_possible)$/);
        expect(code).toBe(0);
      });

      // Random weights and 25 characters: rounding them to fp16 moves the mean of some by 1e-4 nats and more,
      // so that fp16 may end in a failed proof, with its way out. In fp32 nothing may.
      test.for(['fp32', 'fp16'])(
        'is rewritten in %s, proved and verified',
        async (precision, context) => {
          matrix.skipUnmade(context, entry);
          const { code, stdout } = await bpb(
            ...flagsOf(entry),
            '--optimize',
            '--precision',
            precision,
          );
          const {
            error,
            optimization,
            verification,
            findings,
            score: figures_,
          } = JSON.parse(stdout);
          expect(error).toBeUndefined();
          expect(new Set(optimization.skipped).size).toBe(optimization.skipped.length);
          if (precision === 'fp16' && optimization.verdict === 'fail') {
            const found = (id: string) => findings.find((each: { id: string }) => each.id === id);
            expect(found('optimization-failed').hint).toMatch(/--precision fp32/);
            expect(found('rounded-activations')).toBeUndefined();
            expect(optimization.mean_abs_nats).toBeLessThan(HALVED_NATS);
            expect([code, figures_.val_bpb]).toEqual([1, null]);
            return;
          }
          expect(optimization.verdict).toBe('pass');
          expect(verification.verdict).toMatch(/^(pass|not_possible)$/);
          expect(code).toBe(0);
        },
      );

      test('fails no probe', async (context) => {
        matrix.skipUnmade(context, entry);
        const report = await probe(matrix.optionsOf(entry));
        expect(report.verdicts.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
      });
    });

    const others = entries.filter(({ outcome }) => outcome !== 'score');
    describe.each(others)('$name', (entry) => {
      test('has no headline, and says why', async (context) => {
        matrix.skipUnmade(context, entry);
        const { code, stdout } = await bpb(...flagsOf(entry));
        expect(stdout).toMatch(new RegExp(entry.says, 'i'));
        const { error, score: figures_ } = JSON.parse(stdout);
        const outcome = error === undefined ? 'withheld' : 'refused';
        expect(outcome).toMatch(new RegExp(`^(${entry.outcome})$`));
        expect(code).toBe(error === undefined ? 1 : error.exit);
        if (error === undefined) expect(figures_.val_bpb).toBeNull();
        else expect(error.hint).toBeTruthy();
      });

      test.skipIf(entry.instead.length === 0)(
        'is scored with the flags of its entry',
        async (context) => {
          matrix.skipUnmade(context, entry);
          const { stdout } = await bpb(...flagsOf(entry), ...entry.instead);
          const { val_bpb } = JSON.parse(stdout).score;
          expect(Math.abs(val_bpb - wanted(entry))).toBeLessThan(TOLERANCE_BPB[entry.gives]);
        },
      );
    });
  },
);
