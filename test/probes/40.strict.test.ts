import { describe, expect, test } from 'vitest';
import { score } from '#bpb/score/score';
import { attention, byteModel, lookAhead } from '../helpers/byte-models.js';
import { bpb } from '../helpers/command.js';
import { scoreFixture } from '../helpers/score-fixture.js';

const asked = { tokenizer: 'byte260', window: 'document', seqLen: 64 } as const;

describe('score --strict', () => {
  test('an honest model: the same score, with the verdicts', async () => {
    const w = await scoreFixture({ model: byteModel(attention) });
    const options = { artifact: w.model, docs: w.docs, ...asked };
    const plain = await score(options);
    const strict = await score({ ...options, strict: true, seed: 1 });
    expect(plain.probes).toBeNull();
    expect(strict.probes!.map(({ name }) => name)).toContain('causality');
    expect(strict.probes!.every(({ verdict }) => verdict !== 'fail')).toBe(true);
    expect(strict.score).toEqual(plain.score);
    expect(strict.totals).toEqual(plain.totals);
    expect(strict.identity).toEqual(plain.identity);
    expect(strict.score.val_bpb).toBeGreaterThan(0);
  });

  test('a model that looks ahead: no headline, exit 1, the probe named', async () => {
    const w = await scoreFixture({ model: byteModel(lookAhead(1, 3)) });
    const options = { artifact: w.model, docs: w.docs, ...asked };
    // Without it the model would pass for a good one.
    expect((await score(options)).score.val_bpb).toBeGreaterThan(0);
    const strict = await score({ ...options, strict: true, seed: 1 });
    expect(strict.score).toMatchObject({ val_bpb: null, bpb_original: null, ci95_bpb: null });
    expect(strict.totals.targets).toBeGreaterThan(0);
    const flags = ['--tokenizer', 'byte260', '--docs', w.docs, '--window', 'document'];
    const { code, stdout } = await bpb(
      'score',
      w.model,
      ...flags,
      '--seq-len',
      '64',
      '--strict',
      '--seed',
      '1',
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /no score .*\n {2}fail {2}the probes found something wrong: .*causality/,
    );
    const unwrapped = stdout.replace(/\s+/g, ' ');
    expect(unwrapped).toMatch(/ probed .* causality failed: .* the very token it predicts/);
  });
});
