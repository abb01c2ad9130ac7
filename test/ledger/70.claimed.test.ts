import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ClaimedOptions } from '#bpb/evaluation/options';
import { scoreClaimed } from '#bpb/score/claimed';
import type { ScoreResult } from '#bpb/score/result';
import { score } from '#bpb/score/score';
import { bpb } from '../helpers/command.js';
import { chained, ending, type Fields } from '../helpers/ledger.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture, VOCABULARY } from '../helpers/score-fixture.js';

interface Claim {
  readonly folder: string;
  readonly docs: string;
  readonly result: ScoreResult;
  readonly options: ClaimedOptions;
}

/** A score of ours, with the ledger and the nats that make it a claim. */
async function claim(window: 'chunk' | 'document' = 'chunk', table?: Float32Array): Promise<Claim> {
  const w = await scoreFixture(table === undefined ? {} : { table });
  const ledger = join(w.folder, 'ledger.jsonl');
  const out = join(w.folder, 'out');
  const common = { tokenizer: 'byte260', docs: w.docs, ledger } as const;
  const run = { artifact: w.model, window, seqLen: 32, verifyRows: 0, out } as const;
  const result = await score({ ...common, ...run, saveTargets: true });
  const options = { ...common, targets: join(out, 'targets.f32') };
  return { folder: w.folder, docs: w.docs, result, options };
}

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { hash: _, ...fields } = JSON.parse(line) as Fields;
      return fields;
    });

/** The claim with other nats. */
function withNats({ options, folder }: Claim, change: (nats: Float32Array) => void) {
  const bytes = readFileSync(options.targets);
  const nats = new Float32Array(new Uint8Array(bytes).buffer);
  change(nats);
  const targets = join(folder, 'other.f32');
  writeFileSync(targets, nats);
  return { ...options, targets };
}

/** The claim with other events, chained anew. */
function withLines({ options, folder }: Claim, change: (lines: Fields[]) => Fields[]) {
  // The ledger of another evaluator, who names no run.
  const [{ run: _, ...first }, ...events] = linesOf(options.ledger).slice(0, -2) as [Fields];
  const lines = change([first, ...events]);
  const end = ending(lines, lines[0]!['tokens'] as number);
  const ledger = join(folder, 'other.jsonl');
  writeFileSync(ledger, `${chained([...lines, end]).join('\n')}\n`);
  return { ...options, ledger };
}

describe('nats made elsewhere', () => {
  test('give the score that the harness gives of them itself, labelled as claimed', async () => {
    const { options, result } = await claim('document');
    const claimed = await scoreClaimed(options);
    expect(result.score.evidence).toBe('computed');
    expect(claimed.score).toEqual({ ...result.score, evidence: 'claimed' });
    expect(claimed.totals).toEqual(result.totals);
    expect(claimed.coverage).toEqual(result.coverage);
    expect(claimed.data).toEqual(result.data);
    expect(claimed.ledger).toEqual(result.ledger);
    expect(claimed.claim).toMatchObject({ artifact_sha256: result.artifact.sha256, updates: 0 });
    expect(claimed).toMatchObject({ artifact: null, engine: null, verification: null });
    expect(claimed.notes[0]).toMatch(/^claimed/);
  });

  test('skip what the ledger skips, and say that the score is partial', async () => {
    const { options, result } = await claim('chunk');
    const claimed = await scoreClaimed(options);
    const [tail] = result.coverage.skipped;
    expect(tail!.targets).toBeGreaterThan(0);
    expect(claimed.totals).toEqual(result.totals);
    expect(claimed.coverage).toMatchObject({
      scored: result.coverage.scored,
      skipped: [{ reason: 'ledger', targets: tail!.targets }],
      partial: true,
    });
  });

  test('of probability zero give no headline, as in a score of ours', async () => {
    const table = new Float32Array(VOCABULARY * VOCABULARY);
    for (let id = 0; id < VOCABULARY; id++) table[id * VOCABULARY + 1] = Number.NEGATIVE_INFINITY;
    const { options, result } = await claim('document', table);
    const claimed = await scoreClaimed(options);
    expect(claimed.score).toEqual({ ...result.score, evidence: 'claimed' });
    expect(claimed.score).toMatchObject({ val_bpb: null, infinite_targets: 39 });
  });

  test('may be adapted in between', async () => {
    const each = await claim('document');
    const adapted = withLines(each, (lines) => [
      { ...lines[0], reset: 'document' },
      ...lines
        .slice(1)
        .flatMap((line) => [line, { adapt: [line['score']], document: line['document'] }]),
    ]);
    const claimed = await scoreClaimed(adapted);
    expect(claimed.claim).toMatchObject({
      reset: 'document',
      updates: linesOf(each.options.ledger).length - 3,
    });
    expect(claimed.score.val_bpb).toBe(each.result.score.val_bpb);
    expect(claimed.identity.score).toBe((await scoreClaimed(each.options)).identity.score);
    expect(claimed.identity.bits).not.toBe((await scoreClaimed(each.options)).identity.bits);
  });
});

describe('a claim that does not hold is refused, exit 3', () => {
  test.each([
    ['NaN', Number.NaN, /target 7 .*float 6/],
    ['a negative number', -0.5, /target 7 .*float 6/],
    ['-∞', Number.NEGATIVE_INFINITY, /target 7/],
    ['more than a sum can hold', 3e38, /target 7/],
  ])('%s among the nats, with its index', async (_, value, message) => {
    const each = await claim();
    const options = withNats(each, (nats) => {
      nats[6] = value;
    });
    const refusal = await refusalOf(() => scoreClaimed(options));
    expect(refusal).toMatchObject({
      kind: 'input',
      code: 'BPB_TARGETS_INVALID',
      path: options.targets,
    });
    expect(refusal.message).toMatch(message);
  });

  test('nats of a target that the ledger skips', async () => {
    const each = await claim();
    const options = withNats(each, (nats) => {
      nats[nats.length - 1] = 1;
    });
    const refusal = await refusalOf(() => scoreClaimed(options));
    expect(refusal).toMatchObject({
      code: 'BPB_TARGETS_INVALID',
      expected: expect.stringMatching(/skips/),
    });
  });

  test('one float too few', async () => {
    const each = await claim();
    const targets = join(each.folder, 'short.f32');
    writeFileSync(targets, readFileSync(each.options.targets).subarray(4));
    const refusal = await refusalOf(() => scoreClaimed({ ...each.options, targets }));
    expect(refusal).toMatchObject({ kind: 'input', code: 'BPB_TARGETS_SIZE' });
  });

  test('one better figure among the nats', async () => {
    const each = await claim();
    const options = withNats(each, (nats) => {
      nats[40] = nats[40]! / 2;
    });
    const refusal = await refusalOf(() => scoreClaimed(options));
    expect(refusal).toMatchObject({
      kind: 'input',
      code: 'BPB_LEDGER_REFUSED',
      path: options.ledger,
    });
    expect(refusal.message).toMatch(/BPB_LEDGER_NATS, line \d+: targets \d+ to \d+: .*document/);
  });

  test('one better sum in a ledger that was chained anew', async () => {
    const each = await claim();
    const options = withLines(each, (lines) =>
      lines.with(3, {
        ...lines[3],
        nats_q30: String(BigInt(lines[3]!['nats_q30'] as string) - 1n),
      }),
    );
    const refusal = await refusalOf(() => scoreClaimed(options));
    expect(refusal.message).toMatch(/BPB_LEDGER_NATS, line 4/);
    expect(refusal.actual).toBe('one violation');
  });

  test('an update before the score', async () => {
    const each = await claim('document');
    const options = withLines(each, ([first, score, ...rest]) => [
      { ...first, reset: 'document' },
      { adapt: [score!['score']], document: score!['document'] },
      score!,
      ...rest,
    ]);
    const refusal = await refusalOf(() => scoreClaimed(options));
    expect(refusal.message).toMatch(/BPB_LEDGER_EARLY, line 2/);
  });

  test('another stream', async () => {
    const each = await claim();
    const docs = join(each.folder, 'other.jsonl');
    // As long as the first stream, and not the same.
    writeFileSync(docs, readFileSync(each.docs, 'utf8').replace(/a/g, 'b'));
    const refusal = await refusalOf(() => scoreClaimed({ ...each.options, docs }));
    expect(refusal.message).toMatch(/BPB_LEDGER_STREAM, line 1: stream_sha256/);
  });

  test('a ledger that scores nothing', async () => {
    const each = await claim();
    const empty = withLines(each, (lines) => lines.slice(0, 1));
    const refusal = await refusalOf(() => scoreClaimed(empty));
    expect(refusal).toMatchObject({ kind: 'input', code: 'BPB_LEDGER_EMPTY' });
  });

  test('a folder', async () => {
    const each = await claim();
    const refusal = await refusalOf(() => scoreClaimed({ ...each.options, targets: each.folder }));
    expect(refusal).toMatchObject({ kind: 'input', code: 'BPB_TARGETS_UNREADABLE' });
  });

  test('a file that is not there', async () => {
    const each = await claim();
    const refusal = await refusalOf(() =>
      scoreClaimed({ ...each.options, targets: '/nowhere.f32' }),
    );
    expect(refusal).toMatchObject({ kind: 'input', code: 'BPB_TARGETS_UNREADABLE' });
  });
});

describe('bpb score --ledger --targets', () => {
  test('says CLAIMED before the number, and in the JSON', async () => {
    const { options, result } = await claim('document');
    const { ledger, targets, docs } = options;
    const flags = [
      'score',
      '--ledger',
      ledger,
      '--targets',
      targets,
      '--docs',
      docs!,
      '--tokenizer',
      'byte260',
    ];
    const text = await bpb(...flags);
    expect(text.code).toBe(0);
    expect(text.stdout.trim()).toMatch(/^CLAIMED {2}\d+\.\d{8} bits per byte/);
    const json = await bpb(...flags, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      schema: 'bpb-result/1',
      score: { evidence: 'claimed', val_bpb: result.score.val_bpb },
    });
  });

  test.each([
    [['--targets', 'x.f32'], /--targets.*\n.*--ledger/],
    [['model.onnx', '--targets', 'x.f32', '--ledger', 'l'], /--targets.*\n.*model\.onnx/],
    [['--ledger', 'l'], /artifact.*\n.*--targets/],
    [['--targets', 'x.f32', '--ledger', 'l', '--seq-len', '32'], /--seq-len/],
    [['--targets', 'x.f32', '--ledger', 'l', '--engine', 'auto'], /--engine/],
    [['--targets', 'x.f32', '--ledger', 'l', '--out', 'o'], /--out/],
    [['--targets', 'x.f32', '--ledger', 'l'], /--tokenizer/],
    [['--targets', 'x.f32', '--ledger', 'l', '--tokenizer', 'byte260'], /--data/],
  ])('wrong usage exits 2 and names the flag: %j', async (args, message) => {
    const { code, stderr } = await bpb('score', ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
