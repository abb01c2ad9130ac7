/** Results with a control set, and such whose comparison was edited and hashed again. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { score } from '#bpb/score/score';
import { verify } from '#bpb/verify/verify';
import { fileFolder } from '../helpers/folder.js';
import { honestModel, kindOfTexts, trainedModel } from '../helpers/memorizing.js';
import { byteStream } from '../helpers/score-fixture.js';
import { type Bent, bend, copyOf, resultOf } from './results.js';

const folder = fileFolder();
const VALIDATION = kindOfTexts(55, 1);

beforeAll(async () => {
  const file = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const lines = (texts: readonly string[]) =>
    texts.map((text) => `${JSON.stringify({ text })}\n`).join('');
  const common = {
    ...({ tokenizer: 'byte260', window: 'chunk', seqLen: 32 } as const),
    ...({ engine: 'onnx-js', workers: 1, threads: 1, verifyRows: 1, seed: 3 } as const),
    docs: file('d.jsonl', lines(VALIDATION)),
    controlDocs: file('c.jsonl', lines(kindOfTexts(52, 2))),
  };
  const models = {
    honest: honestModel(),
    trained: trainedModel(byteStream(VALIDATION)),
  };
  for (const [name, bytes] of Object.entries(models)) {
    await score({ ...common, artifact: file(`${name}.onnx`, bytes), out: join(folder, name) });
  }
  const few = file('few.jsonl', lines(kindOfTexts(20, 2)));
  const artifact = join(folder, 'honest.onnx');
  await score({ ...common, artifact, controlDocs: few, out: join(folder, 'few') });
  const left = file('left.jsonl', lines([VALIDATION[7]!, ...kindOfTexts(120, 2)]));
  await score({ ...common, artifact, controlDocs: left, out: join(folder, 'left') });
});

const failing = async (result: string) =>
  (await verify({ result })).checks.flatMap(({ name, verdict }) =>
    verdict === 'fail' ? [name] : [],
  );

test.each(['honest', 'trained', 'few'])('%s: as it was written it is consistent', async (name) => {
  const report = await verify({ result: join(folder, name) });
  expect(report.verdict).toBe('claimed');
  const own = report.checks.find((check) => check.name === 'generalisation');
  expect(own).toMatchObject({
    verdict: 'pass',
    note: 'the control set itself was not scored again',
  });
});

test('rows of the artifact are scored again beside it', async () => {
  const artifact = join(folder, 'honest.onnx');
  const report = await verify({ result: join(folder, 'honest'), artifact });
  expect(report.verdict).toBe('confirmed');
});

test('targets that a historical evaluator scores again are more than the stream has', async () => {
  const named = { tokenizer: 'byte260', docs: join(folder, 'd.jsonl'), out: join(folder, 'again') };
  const again = { window: 'sliding', seqLen: 32, stride: 1, compat: 'sliding-2026-03-19' } as const;
  const { generalisation } = await score({
    ...{ artifact: join(folder, 'honest.onnx'), controlDocs: join(folder, 'c.jsonl') },
    ...{ ...named, ...again, engine: 'onnx-js', workers: 1, threads: 1, verifyRows: 1 },
  });
  const { targets, tokens } = generalisation!.control;
  expect(targets).toBeGreaterThanOrEqual(tokens);
  expect(await failing(join(folder, 'again'))).toEqual([]);
});

test('a result without the field, as older ones are, is not asked for it', async () => {
  const older = bend(copyOf(join(folder, 'honest')), (result) => {
    delete result.generalisation;
  });
  const { checks, verdict } = await verify({ result: older });
  expect([verdict, checks.some(({ name }) => name === 'generalisation')]).toEqual([
    'claimed',
    false,
  ]);
});

describe('edited and hashed again', () => {
  const cases: readonly [string, string, (of: Bent, result: Bent) => unknown, readonly string[]][] =
    [
      ['trained', 'passed', (g) => (g.verdict = 'pass'), ['generalisation']],
      ['trained', 'passed, with its finding taken out', (g, r) => passed(g, r), ['generalisation']],
      ['trained', 'only the finding taken out', (_, r) => withoutFinding(r), ['findings']],
      ['trained', 'a larger p', (g) => (g.p = 0.5), ['generalisation']],
      ['trained', 'p no multiple of a permutation', (g) => (g.p = 0.50005), ['generalisation']],
      ['trained', 'a larger margin', (g) => (g.margin_bpb = 1), ['generalisation']],
      ['trained', 'a smaller difference', (g) => (g.difference_bpb /= 100), ['generalisation']],
      [
        'trained',
        'a better control score',
        (g) => (g.control.bpb = g.validation.bpb),
        ['generalisation'],
      ],
      ['trained', 'a worse validation score', (g) => (g.validation.bpb *= 1.2), ['generalisation']],
      ['trained', 'not judged', (g) => notJudged(g), ['generalisation']],
      ['trained', 'not judged, without its finding', (g, r) => notJudged(g, r), ['generalisation']],
      ['trained', 'few documents', (g) => (g.control.documents = 9), ['generalisation']],
      ['honest', 'other bytes', (g) => (g.validation.bytes += 1), ['generalisation']],
      [
        'honest',
        'a difference beside its interval',
        (g) => (g.ci95_bpb = [0.3, 0.4]),
        ['generalisation'],
      ],
      ['honest', 'failed', (g) => (g.verdict = 'fail'), ['generalisation']],
      ['honest', 'another seed', (g) => (g.seed += 1), ['seed']],
      ['honest', 'another seed of the run', (_, r) => (r.seed += 1), ['seed']],
      ['honest', 'another seed of its verification', (_, r) => (r.verification.seed = 4), ['seed']],
      ['honest', 'fewer permutations', (g) => (g.permutations = 999), ['generalisation']],
      ['honest', 'a remark', (g) => (g.note = 'in order'), ['generalisation']],
      ['few', 'another reason', (g) => (g.note = null), ['generalisation']],
      ['honest', 'more documents', (g) => (g.validation.documents = 56), ['compared-documents']],
      ['honest', 'more texts', (g) => (g.control.different = 53), ['generalisation']],
      ['honest', 'no bytes', (g) => (g.control.bytes = 0), ['generalisation']],
      ['honest', 'fewer targets', (g) => (g.control.targets = 3), ['generalisation']],
      ['honest', 'more targets', (g) => (g.control.targets *= 2), ['generalisation']],
      ['honest', 'a wider interval', (g) => (g.ci95_bpb[1] += 0.1), ['generalisation']],
      ['trained', 'a document left out', (g, r) => leftOut(g, r), ['compared-documents']],
      ['honest', 'rows that nobody scored', (_, r) => (r.verification.rows = 0), ['verification']],
      [
        'honest',
        'verified beyond its tolerance',
        (_, { verification: v }) => Object.assign(v, { mean_abs_nats: 1, max_abs_nats: 2 }),
        ['verification'],
      ],
      [
        'honest',
        'a mean beyond its mean size',
        (_, { verification: v }) => (v.mean_nats = 2 * v.mean_abs_nats + 1e-9),
        ['verification'],
      ],
      ['honest', 'skipped rows', (_, r) => (r.verification.verdict = 'skipped'), ['verification']],
      [
        'few',
        'judged by a p that nobody drew',
        (g) => Object.assign(g, { p: 0.4, permutations: 9999, verdict: 'pass' }),
        ['generalisation'],
      ],
    ];

  function withoutFinding(result: Bent): void {
    result.findings = result.findings.filter(({ id }: Bent) => id !== 'memorized-text');
    if (result.findings.some(({ severity }: Bent) => severity === 'fail')) return;
    const { nats, bytes } = result.totals;
    Object.assign(result, { status: 'scored' });
    result.score.val_bpb = nats / Math.LN2 / bytes.lut;
    result.score.bpb_original = result.score.val_bpb;
  }

  function passed(g: Bent, result: Bent): void {
    g.verdict = 'pass';
    withoutFinding(result);
  }

  /** One document cannot hold as many bits as the validation set then seems to have. */
  function leftOut(g: Bent, result: Bent): void {
    g.control.left_out = 1;
    g.validation.bpb = g.control.bpb * 0.99;
    g.difference_bpb = g.validation.bpb - g.control.bpb;
    g.ci95_bpb = [g.difference_bpb - 1, g.difference_bpb + 1];
    g.note = '1 document of the control set left out: they stand in the validation set too';
    g.p = 0.3;
    passed(g, result);
  }

  function notJudged(g: Bent, result?: Bent): void {
    Object.assign(g, { verdict: 'not_judged', p: null, permutations: null });
    if (result !== undefined) withoutFinding(result);
  }

  test.each(cases)('%s: %s', async (name, _, edit, expected) => {
    const bent = bend(copyOf(join(folder, name)), (result) => {
      edit(result.generalisation, result);
    });
    expect(await failing(bent)).toEqual(expect.arrayContaining([...expected]));
  });

  test.each([
    ['verdict', 'fine'],
    ['p', 2],
    ['control.sha256', 'x'],
  ])('%s as %s is no result', async (field, value) => {
    const bent = bend(copyOf(join(folder, 'honest')), (result) => {
      const path = field.split('.');
      const owner = path.slice(0, -1).reduce((at, each) => at[each], result.generalisation);
      owner[path.at(-1)!] = value;
    });
    const ended = await verify({ result: bent }).then(
      ({ verdict }) => verdict,
      (error) => error.code,
    );
    expect(ended).toMatch(/^(BPB_RESULT_INVALID|failed)$/);
  });
});

test('with documents left out it is consistent, and their bounds are checked', async () => {
  const report = await verify({ result: join(folder, 'left') });
  const compared = report.checks.find(({ name }) => name === 'compared-documents');
  expect([report.verdict, compared?.verdict]).toEqual(['claimed', 'pass']);
  expect(compared?.note).toBe('which documents were left out is not known');
  expect(resultOf(join(folder, 'left')).generalisation?.control.left_out).toBe(1);
  const bent = bend(copyOf(join(folder, 'left')), ({ generalisation }) => {
    generalisation.validation.documents -= 1;
    generalisation.validation.different -= 1;
  });
  expect(await failing(bent)).toEqual(['compared-documents']);
});

test('the fixtures are what they are called', () => {
  const verdicts = ['honest', 'trained', 'few'].map(
    (name) => resultOf(join(folder, name)).generalisation?.verdict,
  );
  expect(verdicts).toEqual(['pass', 'fail', 'not_judged']);
});
