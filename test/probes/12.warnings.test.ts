/** Effects within the tolerance: warned of where repeated runs agree to the last bit, and only there. */
import { describe, expect, test } from 'vitest';
import { probe } from '#bpb/index';
import { Differences, judge, otherShape, sameShape, seen, worst } from '#bpb/probes/differences';
import { score } from '#bpb/score/score';
import {
  attention,
  byteModel,
  carry,
  causalMean,
  meanOver,
  noise,
  table,
} from '../helpers/byte-models.js';
import { bpb } from '../helpers/command.js';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import { scoreFixture } from '../helpers/score-fixture.js';

/** Differences of these sizes. */
function of(...sizes: number[]): Differences {
  const differences = new Differences();
  differences.add(new Float32Array(sizes.length), Float32Array.from(sizes));
  return differences;
}

describe('judged', () => {
  test.each([
    ['no effect', [0, 0], [0, 0], 'pass'],
    ['the smallest effect there is', [1e-45, 0], [0, 0], 'warn'],
    ['one within the tolerance', [4.8e-7, 0], [0, 0], 'warn'],
    ['one above it', [1.1e-5, 0], [0, 0], 'fail'],
    ['one in every target, above that of the mean', [2e-6, 2e-6], [0, 0], 'fail'],
    ['NaN', [Number.NaN, 0], [0, 0], 'fail'],
    ['one within the tolerance beside noise', [4.8e-7, 0], [1e-8, 0], 'pass'],
    ['noise as large as the effect', [8e-5, 0], [8e-5, 0], 'pass'],
  ] as const)('%s', (_, effects, noise, verdict) => {
    const judged = judge(of(...effects), sameShape('fp32', of(...noise)));
    expect(judged.verdict).toBe(verdict);
    expect(seen(judged, 'it moved') === null).toBe(verdict === 'pass');
  });

  test('a noise that nobody measured is not zero', () => {
    expect(judge(of(4.8e-7), sameShape('fp32', new Differences())).verdict).toBe('pass');
  });

  test('in half precision as in single', () => {
    expect(judge(of(5e-4, 0, 0, 0, 0, 0), sameShape('fp16', of(0))).verdict).toBe('warn');
    expect(judge(of(5e-4, 0, 0, 0, 0, 0), sameShape('bf16', of(2e-4))).verdict).toBe('pass');
    expect(judge(of(2e-3, 0), sameShape('fp16', of(0))).verdict).toBe('fail');
  });

  test('other shapes may round otherwise', () => {
    expect(judge(of(4.8e-7), otherShape('fp32', of(0))).verdict).toBe('pass');
  });

  test('a failure comes before a warning, and that before what passes', () => {
    const exact = sameShape('fp32', of(0));
    const [fails, warns] = [judge(of(2e-5), exact), judge(of(1e-12), exact)];
    const passes = judge(of(9e-4, ...new Array<number>(200).fill(0)), otherShape('fp32', of(0)));
    const endless = judge(of(Number.POSITIVE_INFINITY), exact);
    expect([fails, warns, passes].map(({ verdict }) => verdict)).toEqual(['fail', 'warn', 'pass']);
    expect(worst([passes, warns, fails])).toBe(2);
    expect(worst([passes, warns])).toBe(1);
    expect(worst([warns, endless, fails])).toBe(1);
  });
});

async function world(build: (g: GraphBuilder) => string) {
  const w = await scoreFixture({ model: byteModel(build) });
  const asked = { tokenizer: 'byte260', docs: w.docs, window: 'document', seqLen: 128 } as const;
  return { ...w, asked: { artifact: w.model, ...asked } };
}

describe('probed', () => {
  test.each<[string, string, (g: GraphBuilder) => string]>([
    ['a mean over the window', 'causality', meanOver(1, 3e-6)],
    ['a mean over the batch', 'batch', meanOver(0, 5e-7)],
    ['the document before', 'documents', carry(3e-6)],
  ])('%s of a tiny weight: %s warns, nothing fails', async (_, name, build) => {
    const { asked } = await world(build);
    const report = await probe(asked);
    const found = report.verdicts.find((each) => each.name === name)!;
    expect(found.verdict).toBe('warn');
    expect(found.effect).toBeGreaterThan(0);
    expect(found.effect).toBeLessThan(found.tolerance!);
    expect(found.note).toMatch(/move.*; within the tolerance, but repeated runs do not differ/);
    expect(report.verdicts.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
    expect(report.verdict).toBe('pass');
    expect(report.noise_nats).toBe(0);
  });

  test.each<[string, (g: GraphBuilder) => string]>([
    ['a table', table],
    ['a causal mean', causalMean],
    ['causal attention', attention],
  ])('an honest model has no effect at all: %s', async (_, build) => {
    const { asked } = await world(build);
    const { verdicts, noise_nats } = await probe(asked);
    expect(noise_nats).toBe(0);
    for (const name of ['causality', 'documents']) {
      expect(verdicts.find((each) => each.name === name)).toMatchObject({
        verdict: 'pass',
        effect: 0,
      });
    }
    expect(verdicts.filter(({ verdict }) => verdict === 'warn')).toEqual([]);
  });

  test('noise alone is no warning, and no failure of causality', async () => {
    const { asked } = await world(noise(1e-6));
    const { verdicts, noise_nats } = await probe(asked);
    expect(noise_nats).toBeGreaterThan(0);
    expect(verdicts.filter(({ verdict }) => verdict === 'warn')).toEqual([]);
    expect(verdicts.find(({ name }) => name === 'causality')!.verdict).toBe('pass');
  });

  test('the report says it in its first line, exit 0', async () => {
    const { model, docs } = await world(meanOver(1, 3e-6));
    const flags = ['--tokenizer', 'byte260', '--docs', docs, '--window', 'document'];
    const { code, stdout } = await bpb('probe', model, ...flags, '--seq-len', '64');
    expect(code).toBe(0);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /pass .*: no probe failed; an effect that noise does not explain: causality/,
    );
    expect(stdout).toMatch(/\n {2}warn {2}causality/);
  });

  test('a score with --strict keeps its headline and warns beside it', async () => {
    const { asked } = await world(meanOver(1, 3e-6));
    const plain = await score(asked);
    const strict = await score({ ...asked, strict: true });
    expect(plain.findings.map(({ id }) => id)).not.toContain('probes-warned');
    expect(strict.score).toEqual(plain.score);
    expect(strict.status).toBe('scored');
    const found = strict.findings.find(({ id }) => id === 'probes-warned');
    expect(found).toMatchObject({ severity: 'warn', accepted: false });
    expect(found!.message).toMatch(/causality \(\d\.\de-[67] nats\)/);
  });
});
