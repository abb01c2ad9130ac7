import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { probeLedger } from '#bpb/ledger/verify';
import { onnxModel } from '#bpb/onnx/writer';
import { scoreClaimed } from '#bpb/score/claimed';
import { score } from '#bpb/score/score';
import { verify } from '#bpb/verify/verify';
import { bpb } from '../helpers/command.js';
import { chained, type Fields, ledgerFile } from '../helpers/ledger.js';
import { normals, tableGraph } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';
import { type ScoreFixture, scoreFixture, VOCABULARY } from '../helpers/score-fixture.js';

const INDEX = fileURLToPath(new URL('../../dist/index.js', import.meta.url));

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Fields);

/** A run with its ledger and its nats. */
function asked(
  w: ScoreFixture,
  over: Partial<ScoreOptions> = {},
): ScoreOptions & { ledger: string; out: string } {
  return {
    artifact: w.model,
    tokenizer: 'byte260',
    docs: w.docs,
    window: 'document',
    seqLen: 32,
    workers: 1,
    threads: 1,
    engine: 'onnx-js',
    verifyRows: 3,
    ledger: join(w.folder, 'ledger.jsonl'),
    out: join(w.folder, 'out'),
    saveTargets: true,
    ...over,
  } as ScoreOptions & { ledger: string; out: string };
}

/** A model that draws its own noise: no two runs agree. */
async function noisy(): Promise<ScoreFixture> {
  const graph = tableGraph(normals(VOCABULARY ** 2, 1, 2), VOCABULARY, { outputName: 'quiet' });
  const noise = { op: 'RandomNormalLike', inputs: ['quiet'], outputs: ['noise'] };
  const add = { op: 'Add', inputs: ['quiet', 'noise'], outputs: ['logits'] };
  const outputs = [{ ...graph.outputs[0]!, name: 'logits' }];
  const model = onnxModel({ ...graph, nodes: [...graph.nodes, noise, add], outputs });
  return scoreFixture({ model });
}

async function probed(ledger: string) {
  const report = await probeLedger({ ledger });
  const verdict = report.verdicts.find(({ name }) => name === 'ledger-result');
  return { report, verdict: verdict?.verdict, note: verdict?.note };
}

const NONE = 'its run gave no result';
const WITHHELD = 'its run gave a result whose headline is withheld';

describe('a run that gives a result', () => {
  test('names it behind the end, chained, and is named by it', async () => {
    const w = await scoreFixture();
    const options = asked(w);
    const result = await score(options);
    const lines = linesOf(options.ledger);
    expect(lines.at(-1)).toMatchObject({ result: 'scored', sha256: result.run.sha256 });
    const { report, verdict } = await probed(options.ledger);
    expect([report.verdict, verdict]).toEqual(['pass', 'pass']);
    expect(report.ledger).toMatchObject({
      run: result.ledger!.run,
      hash: result.ledger!.hash,
      result: 'scored',
      result_sha256: result.run.sha256,
    });
    expect((await verify({ result: options.out })).verdict).toBe('claimed');
    const other = await score({ ...options, ledger: `${options.ledger}2`, force: true });
    expect(other.ledger!.run).not.toBe(result.ledger!.run);
    expect(other.identity).toEqual(result.identity);
  });

  test('of a part too', async () => {
    const options = asked(await scoreFixture(), { part: [1, 2], batchTokens: 64 });
    const result = await score(options);
    const { report } = await probed(options.ledger);
    expect(report.ledger).toMatchObject({ result: 'scored', result_sha256: result.run.sha256 });
  });

  test.each<[string, () => Promise<ScoreFixture>, string]>([
    ['a failed verification', noisy, 'verification-failed'],
    [
      'a finding',
      () => {
        const table = new Float32Array(VOCABULARY ** 2);
        for (let id = 0; id < VOCABULARY; id++) {
          table[id * VOCABULARY + 1] = Number.NEGATIVE_INFINITY;
        }
        return scoreFixture({ table });
      },
      'infinite-targets',
    ],
  ])('without a headline, by %s: the ledger says withheld', async (_, world, id) => {
    const options = asked(await world());
    const result = await score(options);
    expect(result.findings[0]!.id).toBe(id);
    const { report, verdict, note } = await probed(options.ledger);
    expect(report).toMatchObject({ verdict: 'pass', ledger: { result: 'withheld' } });
    expect([verdict, note]).toEqual(['warn', WITHHELD]);
    expect(report.ledger.result_sha256).toBe(result.run.sha256);
  });
});

describe('a run that gives none, whose last batch was scored', () => {
  /** Does something where the run verifies itself: all is scored by then, and the end written. */
  const whenVerified = (act: () => void): Partial<ScoreOptions> => ({
    onProgress: ({ phase }) => {
      if (phase === 'verify') act();
    },
  });

  async function expectNone(
    options: ScoreOptions & { ledger: string },
    ran: () => Promise<unknown>,
  ) {
    await ran();
    const lines = linesOf(options.ledger);
    expect(lines.at(-1)).toMatchObject({ end: true });
    const { report, verdict, note } = await probed(options.ledger);
    expect(report).toMatchObject({ verdict: 'pass', violations: [] });
    expect(report.ledger).toMatchObject({ result: 'none', result_sha256: null });
    expect([verdict, note]).toEqual(['warn', NONE]);
    const { code, stdout } = await bpb('probe', '--ledger', options.ledger);
    expect(code).toBe(0);
    expect(stdout.split('\n\n')[0]!.replace(/\s+/g, ' ')).toContain(`; ${NONE}`);
    const markdown = await bpb('probe', '--ledger', options.ledger, '--report', 'markdown');
    expect(markdown.stdout.split('\n')[0]).toContain(`; ${NONE}`);
  }

  test('interrupted', async () => {
    const interrupt = new AbortController();
    const w = await scoreFixture();
    const options = asked(w, {
      signal: interrupt.signal,
      ...whenVerified(() => interrupt.abort()),
    });
    await expectNone(options, async () => {
      expect((await refusalOf(() => score(options))).kind).toBe('interrupted');
    });
  });

  test('killed', async () => {
    const w = await scoreFixture();
    const options = asked(w);
    const script = `
      import { score } from ${JSON.stringify(INDEX)};
      const onProgress = ({ phase }) => phase === 'verify' && process.kill(process.pid, 'SIGKILL');
      await score({ ...${JSON.stringify(options)}, onProgress });
    `;
    await expectNone(options, async () => {
      const file = join(w.folder, 'killed.mjs');
      writeFileSync(file, script);
      let signal: unknown = null;
      try {
        execFileSync(process.execPath, [file], { stdio: 'ignore' });
      } catch (error) {
        ({ signal } = error as { signal: unknown });
      }
      expect(signal).toBe('SIGKILL');
    });
  });

  test('its result cannot be written', async () => {
    const w = await scoreFixture();
    const out = join(w.folder, 'out');
    // What the result is written to before it gets its name.
    const block = () => mkdirSync(join(out, 'result.json.partial'), { recursive: true });
    const options = asked(w, { out, ...whenVerified(block) });
    await expectNone(options, async () => {
      expect(await refusalOf(() => score(options))).toMatchObject({ code: 'BPB_WRITE_FAILED' });
    });
    expect(existsSync(join(out, 'result.json'))).toBe(false);
  });

  test('what its caller does fails', async () => {
    const fails = whenVerified(() => {
      throw new Error('the caller');
    });
    const options = asked(await scoreFixture(), fails);
    await expectNone(options, async () => {
      await expect(score(options)).rejects.toThrow('the caller');
    });
  });
});

test('a run that scores nothing leaves no ledger: a refused artifact', async () => {
  const w = await scoreFixture();
  const artifact = join(w.folder, 'none.onnx');
  writeFileSync(artifact, 'no model');
  const options = asked(w, { artifact });
  expect((await refusalOf(() => score(options))).kind).toBe('input');
  expect(existsSync(options.ledger)).toBe(false);
});

describe('a claim of such a ledger', () => {
  test('says that its run gave no result, before anything else is said of it', async () => {
    const w = await scoreFixture();
    const options = asked(w);
    const honest = await score(options);
    const claim = {
      tokenizer: 'byte260',
      docs: w.docs,
      targets: join(w.folder, 'out/targets.f32'),
    };
    const whole = await scoreClaimed({ ...claim, ledger: options.ledger });
    expect(whole.claim.result).toBe('scored');
    expect(whole.findings.map(({ id }) => id)).not.toContain('ledger-result');
    expect(whole.ledger).toEqual(honest.ledger);

    const lines = linesOf(options.ledger).map(({ hash: _, ...fields }) => fields);
    for (const [ledger, result, words] of [
      [ledgerFile(chained(lines.slice(0, -1))), 'none', NONE],
      [
        ledgerFile(chained(lines.with(-1, { result: 'withheld', sha256: null }))),
        'withheld',
        WITHHELD,
      ],
    ] as const) {
      const claimed = await scoreClaimed({ ...claim, ledger });
      expect(claimed.claim.result).toBe(result);
      expect(claimed.score.val_bpb).toBe(honest.score.val_bpb);
      const finding = claimed.findings.find(({ id }) => id === 'ledger-result');
      expect(finding).toMatchObject({ severity: 'warn' });
      expect(finding!.message).toContain(words);
    }
    const { run: _, ...first } = lines[0]!;
    const foreign = ledgerFile(chained([first, ...lines.slice(1, -1)]));
    const unsaid = await scoreClaimed({ ...claim, ledger: foreign });
    expect(unsaid).toMatchObject({ claim: { result: null }, ledger: { run: null } });
    expect(unsaid.findings.map(({ id }) => id)).not.toContain('ledger-result');
  });
});
