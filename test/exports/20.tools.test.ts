/**
 * What current tools export: scored as Python's onnxruntime scores it, or refused in words; no probe fails, and
 * `--optimize` is proved.
 *
 * Minutes, so only with BPB_TEST_LONG=1. BPB_EXPORT_PYTHONS names Pythons, separated by colons, which have the
 * tools (CONTRIBUTING.md says which); BPB_TEST_MATRIX a folder that keeps what was made.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { probe } from '#bpb/index';
import { bpb } from '../helpers/command.js';
import { fileFolder } from '../helpers/folder.js';
import { pythonWith } from '../helpers/python.js';

/**
 * Against the same runtime at the same settings; the order of sums may differ. Of probabilities the runtime takes
 * the logarithms in fp32 here, and the referee in float64.
 */
const TOLERANCE_BPB = { logits: 1e-8, probabilities: 1e-7 };
/**
 * Of the mean size of what `--optimize` moves in fp16: beyond it a rewrite is wrong, not rounded. Where a graph
 * rounds activations to 8 bits, a difference in fp16 moves some by a whole step.
 */
const ROUNDED_NATS = { fp16: 1e-2, int8: 5e-2 };
/** As in test/exports/entry.py. */
const TIME = 32;

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const long = process.env['BPB_TEST_LONG'] === '1';
const named = process.env['BPB_EXPORT_PYTHONS']?.split(':') ?? [];
const referee = pythonWith('onnxruntime', 'numpy', 'onnx');
const pythons = [...named, ...(referee === undefined ? [] : [referee])];

interface Entry {
  readonly name: string;
  readonly outcome: string;
  readonly says: string;
  readonly flags: readonly string[];
  readonly instead: readonly string[];
  readonly gives: 'logits' | 'probabilities';
}
type Lines = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

function run(python: string, script: string, ...args: string[]): string {
  const options = { encoding: 'utf8', maxBuffer: 1 << 26 } as const;
  const { status, stdout, stderr } = spawnSync(python, [here(script), ...args], options);
  if (status !== 0) throw new Error(`${script}: ${stderr.slice(-2000)}`);
  return stdout;
}

const entries: readonly Entry[] =
  long && pythons.length > 0 ? JSON.parse(run(pythons[0]!, 'make.py', '--list')) : [];

function linesOf(text: string): Lines {
  const lines = text.trim().split('\n').filter(Boolean);
  return new Map(lines.map((line) => JSON.parse(line)).map((line) => [line.name, line]));
}

describe.skipIf(!long || referee === undefined)(
  'exports of current tools (BPB_TEST_LONG=1)',
  () => {
    const folder = process.env['BPB_TEST_MATRIX'] ?? fileFolder();
    const reasons = new Map<string, string>();
    let figures: Lines = new Map();

    beforeAll(() => {
      for (const python of pythons) {
        for (const [name, line] of linesOf(run(python, 'make.py', folder))) {
          const { missing, error } = line as { missing?: string[]; error?: string };
          if (error !== undefined) reasons.set(name, error);
          else if (missing !== undefined && !reasons.has(name))
            reasons.set(name, `no ${missing.join(', ')}`);
        }
      }
      const made = readdirSync(folder).filter((name) =>
        existsSync(join(folder, name, 'entry.json')),
      );
      figures = linesOf(run(referee!, 'referee.py', folder, ...made));
    }, 3_600_000);

    const optionsOf = ({ name }: Entry) => ({
      artifact: join(folder, name, 'model.onnx'),
      tokenizer: 'byte260',
      data: [join(folder, 'val')],
      window: 'chunk' as const,
      seqLen: TIME,
    });
    const flagsOf = (entry: Entry) => {
      const { artifact, data } = optionsOf(entry);
      const common = ['--tokenizer', 'byte260', '--data', data[0]!, '--window', 'chunk'];
      return ['score', artifact, ...common, '--seq-len', String(TIME), '--json', ...entry.flags];
    };
    const skipUnmade = (context: TestContext, { name }: Entry) => {
      if (!existsSync(join(folder, name, 'entry.json')))
        context.skip(`not made: ${reasons.get(name)}`);
    };
    const wanted = ({ name }: Entry) => {
      const line = figures.get(name);
      expect(line?.['error']).toBeUndefined();
      return line!['bpb'] as number;
    };

    const scored = entries.filter(({ outcome }) => outcome === 'score');
    describe.each(scored)('$name', (entry) => {
      test("has the referee's figure and is verified", async (context) => {
        skipUnmade(context, entry);
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
          skipUnmade(context, entry);
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
            const rounded = found('rounded-activations') ? 'int8' : 'fp16';
            expect(optimization.mean_abs_nats).toBeLessThan(ROUNDED_NATS[rounded]);
            expect([code, figures_.val_bpb]).toEqual([1, null]);
            return;
          }
          expect(optimization.verdict).toBe('pass');
          expect(verification.verdict).toMatch(/^(pass|not_possible)$/);
          expect(code).toBe(0);
        },
      );

      test('fails no probe', async (context) => {
        skipUnmade(context, entry);
        const report = await probe(optionsOf(entry));
        expect(report.verdicts.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
      });
    });

    const others = entries.filter(({ outcome }) => outcome !== 'score');
    describe.each(others)('$name', (entry) => {
      test('has no headline, and says why', async (context) => {
        skipUnmade(context, entry);
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
          skipUnmade(context, entry);
          const { stdout } = await bpb(...flagsOf(entry), ...entry.instead);
          const { val_bpb } = JSON.parse(stdout).score;
          expect(Math.abs(val_bpb - wanted(entry))).toBeLessThan(TOLERANCE_BPB[entry.gives]);
        },
      );
    });
  },
);
