/** Results that are none, or that were edited: refused, or failed by the check that sees it. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadRules } from '#bpb/rules/load';
import { score } from '#bpb/score/score';
import { verify } from '#bpb/verify/verify';
import { fileFolder, temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture } from '../helpers/score-fixture.js';
import {
  type Bent,
  bend,
  copyOf,
  csvOf,
  csvText,
  natsOf,
  replaceTable,
  resultOf,
  writeResult,
} from './results.js';

const folder = fileFolder();
const [run, other] = [join(folder, 'run'), join(folder, 'other')];
const common = { tokenizer: 'byte260', workers: 1, threads: 1, verifyRows: 0 } as const;

beforeAll(async () => {
  const { model, docs } = await scoreFixture({ folder });
  const options = { ...common, artifact: model, docs, saveTargets: true, window: 'chunk' } as const;
  await score({ ...options, seqLen: 32, out: run });
  await score({ ...options, seqLen: 24, out: other });
});

const failing = async (result: string) => {
  const report = await verify({ result });
  const names = report.checks.flatMap(({ name, verdict }) => (verdict === 'fail' ? [name] : []));
  expect(report.verdict).toBe(names.length > 0 ? 'failed' : 'claimed');
  return names;
};

test('a result as it was written is consistent, and claimed: nothing was scored again', async () => {
  for (const result of [run, join(run, 'result.json')]) {
    const report = await verify({ result });
    expect(report).toMatchObject({ verdict: 'claimed', rows: null });
    expect(report.why).toContain('no --artifact');
    const { within_limit: within } = resultOf(run).artifact;
    const open = report.checks.filter(({ verdict }) => verdict !== 'pass').map(({ name }) => name);
    expect([within, open]).toEqual([null, ['size']]);
  }
});

/** A better number before the real one, which is the one that is hashed. */
const twice = (text: string) => text.replace('"val_bpb":', '"val_bpb": 0.5, "val_bpb":');

test('colons and quotes in texts make no field, and new fields of a later version none twice', async () => {
  const folder = bend(copyOf(run), (result) => {
    result.notes = ['a', ': "b": c', '\\'];
    result.later = { a: [{ b: ':' }] };
  });
  expect((await verify({ result: folder })).verdict).toBe('claimed');
});

describe('what is no result is refused', () => {
  const refused = (result: string) => refusalOf(() => verify({ result }));

  test('nothing there; a folder without one; a run that gave none; a submission', async () => {
    const empty = temporaryFolder();
    const missing = { code: 'BPB_RESULT_MISSING', exitCode: 3 };
    expect(await refused(join(empty, 'no'))).toMatchObject({ ...missing, actual: 'nothing there' });
    expect(await refused(empty)).toMatchObject({ ...missing, actual: 'no result.json in it' });
    writeFileSync(join(empty, 'error.json'), '{}');
    expect((await refused(empty)).actual).toContain('the run gave no result');
    writeFileSync(join(empty, 'submission.json'), '{}');
    expect(await refused(empty)).toMatchObject({ code: 'BPB_VERIFY_SUBMISSION', exitCode: 2 });
  });

  test.runIf(process.platform !== 'win32')('a FIFO, whose writer never comes', async () => {
    const file = join(temporaryFolder(), 'result.json');
    execFileSync('mkfifo', [file]);
    expect(await refused(file)).toMatchObject({ code: 'BPB_RESULT_UNREADABLE', exitCode: 3 });
  });

  test.each([
    ['cut short', (text: string) => text.slice(0, text.length / 2), 'BPB_RESULT_JSON'],
    ['empty', () => '', 'BPB_RESULT_JSON'],
    [
      'NaN',
      (text: string) => text.replace(/"val_bpb": [\d.]+/, '"val_bpb": NaN'),
      'BPB_RESULT_JSON',
    ],
    ['too deep', () => `${'['.repeat(300_000)}${']'.repeat(300_000)}`, 'BPB_RESULT_INVALID'],
    ['a list', () => '[]', 'BPB_RESULT_SCHEMA'],
    ['null', () => 'null', 'BPB_RESULT_SCHEMA'],
    ['another document', () => '{"schema":"bpb-probe/1"}', 'BPB_RESULT_SCHEMA'],
    ['a later version', () => '{"schema":"bpb-result/2"}', 'BPB_RESULT_SCHEMA'],
    ['a field twice', twice, 'BPB_RESULT_INVALID'],
    ['without fields', () => '{"schema":"bpb-result/1"}', 'BPB_RESULT_INVALID'],
    ['not UTF-8', () => Buffer.from([0x7b, 0xff, 0x7d]), 'BPB_RESULT_UNREADABLE'],
  ])('%s', async (_, content, code) => {
    const copy = copyOf(run);
    const file = join(copy, 'result.json');
    writeFileSync(file, content(readFileSync(file, 'utf8')));
    expect(await refused(copy)).toMatchObject({ code, exitCode: 3, path: file });
  });

  test.each([
    ['-1', 'totals.targets'],
    ['1e999', 'totals.targets'],
    ['1.5', 'totals.bytes.lut'],
    ['"12"', 'score.val_loss'],
    ['-0.5', 'score.val_bpb'],
    ['"zzz"', 'run.sha256'],
    ['"-5"', 'totals.nats_q30'],
  ])('%s as %s', async (value, field) => {
    const copy = copyOf(run);
    const result: Bent = resultOf(copy);
    const path = field.split('.');
    const owner = path.slice(0, -1).reduce((at, name) => at[name], result);
    owner[path.at(-1)!] = '<here>';
    const text = JSON.stringify(result).replace('"<here>"', value);
    writeFileSync(join(copy, 'result.json'), text);
    const error = await refused(copy);
    expect(error).toMatchObject({ code: 'BPB_RESULT_INVALID', exitCode: 3 });
    expect(error.message).toContain(`\`${field}\``);
  });

  test.each([
    ['a number', (r: Bent) => (r.score.val_bpb -= 0.01)],
    ['a finding', (r: Bent) => (r.findings = [])],
    ['a name', (r: Bent) => (r.artifact.name = 'mine')],
    ['a new field', (r: Bent) => (r.extra = 1)],
    ['a field taken out', (r: Bent) => delete r.notes],
    ['the date', (r: Bent) => (r.run.date = '2020-01-01T00:00:00.000Z')],
  ])('edited by hand: %s', async (_, edit) => {
    const copy = copyOf(run);
    const result = resultOf(copy);
    edit(result);
    writeFileSync(join(copy, 'result.json'), JSON.stringify(result));
    expect(await refused(copy)).toMatchObject({ code: 'BPB_RESULT_EDITED', exitCode: 3 });
  });

  test('rows, a seed and threads say nothing without an artifact', async () => {
    for (const flag of ['rows', 'seed', 'threads']) {
      const error = await refusalOf(() => verify({ result: run, [flag]: 1 }));
      expect(error).toMatchObject({ code: 'BPB_USAGE_VERIFY', exitCode: 2, path: `--${flag}` });
    }
  });
});

describe('edited and hashed again: the figures do not follow', () => {
  const cases: readonly [string, (result: Bent) => unknown, readonly string[]][] = [
    ['val_bpb', (r) => (r.score.val_bpb -= 0.01), ['figures']],
    ['val_bpb in its last place', (r) => (r.score.val_bpb *= 1 + 2 ** -52), ['figures']],
    ['val_loss', (r) => (r.score.val_loss -= 0.01), ['figures']],
    ['bpb_original', (r) => (r.score.bpb_original = 0.5), ['figures']],
    ['nats', (r) => (r.totals.nats -= 1), ['figures']],
    ['nats and nats_q30', (r) => scaled(r, 0.5), ['documents', 'targets']],
    ['bytes', (r) => (r.totals.bytes.lut *= 2), ['figures', 'documents']],
    ['bytes with val_bpb', (r) => doubledBytes(r), ['documents']],
    ['targets', (r) => (r.totals.targets += 1), ['coverage', 'figures', 'documents']],
    ['the interval', (r) => (r.score.ci95_bpb = [0, 0]), ['interval']],
    ['the standard error', (r) => (r.score.stderr_bpb /= 2), ['interval']],
    ['coverage', (r) => (r.coverage.scored -= 5), ['coverage', 'targets']],
    ['skipped', (r) => (r.coverage.skipped = []), ['coverage']],
    ['a part that is none', (r) => (r.coverage.part = [3, 2]), ['coverage']],
    ['the window', (r) => (r.window.stride = 8), ['identity', 'window']],
    ['the tokenizer', (r) => (r.tokenizer.sha256 = 'a'.repeat(64)), ['identity']],
    ['the model', (r) => (r.artifact.model_sha256 = 'a'.repeat(64)), ['identity']],
    ['an infinite target hidden', (r) => (r.score.first_infinite = 3), ['figures', 'targets']],
    ['a finding taken out', (r) => (r.findings = []), ['findings']],
    ['a failed verification', (r) => (r.verification.verdict = 'fail'), ['findings']],
    ['a failed probe', (r) => (r.probes = [{ name: 'causality', verdict: 'fail' }]), ['findings']],
    ['a warned probe', (r) => (r.probes = [{ name: 'batch', verdict: 'warn' }]), ['findings']],
    ['a rule that fails', (r) => failedRule(r), ['findings']],
    ['a headline beside a failed check', (r) => failedFinding(r), ['figures']],
    ['withheld with a headline', (r) => (r.status = 'withheld'), ['figures']],
    ['an artifact over the cap', (r) => (r.artifact.bytes_counted = 16_000_001), ['size']],
    ['over the cap, by its own word', (r) => (r.artifact.within_limit = false), ['size']],
    ['no such files', (r) => (r.files[0].sha256 = 'a'.repeat(64)), ['files']],
  ];

  function scaled(r: Bent, factor: number): void {
    const q30 = BigInt(Math.round(Number(r.totals.nats_q30) * factor));
    r.totals.nats_q30 = String(q30);
    r.totals.nats = Number(q30) / 2 ** 30;
    const bits = r.totals.nats / Math.LN2;
    r.score.val_loss = r.totals.nats / r.totals.targets;
    r.score.bits_per_token = r.score.val_loss / Math.LN2;
    r.score.val_bpb = bits / r.totals.bytes.lut;
    r.score.bpb_original = bits / r.totals.bytes.original;
    // What a model of this loss would not have.
    r.findings = [];
  }

  function doubledBytes(r: Bent): void {
    r.totals.bytes.lut *= 2;
    r.score.val_bpb /= 2;
  }

  function failedRule(r: Bent): void {
    r.rules = {
      name: 'x',
      sha256: 'a'.repeat(64),
      verdicts: [{ rule: 'size', verdict: 'fail', expected: '', found: '' }],
    };
  }

  function failedFinding(r: Bent): void {
    r.findings.unshift({ id: 'x', severity: 'fail', message: 'x', hint: null, accepted: false });
  }

  test.each(cases)('%s', async (_, edit, checks) => {
    const found = await failing(bend(copyOf(run), edit));
    expect(found).toEqual(expect.arrayContaining([...checks]));
  });

  test('the fixture has a finding that can be taken out', () => {
    expect(resultOf(run).findings.map(({ id }) => id)).toContain('worse-than-uniform');
  });
});

test('rules are judged again, whatever verdicts the result has', async () => {
  const { checks } = await verify({ result: run, rules: 'parameter-golf' });
  expect(checks).toContainEqual(expect.objectContaining({ name: 'rules', verdict: 'fail' }));
  const { sha256 } = loadRules('parameter-golf');
  const turned = bend(copyOf(run), (result) => {
    result.rules = { name: 'parameter-golf', version: 'bpb-rules/1', sha256, verdicts: [] };
  });
  expect(await failing(turned)).toEqual(['rules']);
});

describe('tables', () => {
  test.each(['documents.csv', 'targets.f32'])('%s of another run in its place', async (file) => {
    const copy = copyOf(run);
    const foreign = readFileSync(join(other, file));
    writeFileSync(join(copy, file), foreign);
    expect(await failing(copy)).toContain('files');
    // Also where the result is made to list it.
    const sums = file === 'targets.f32' ? 'targets' : 'documents';
    expect(await failing(replaceTable(copy, file, foreign))).toEqual(
      expect.arrayContaining([sums]),
    );
  });

  const bentRows: readonly [string, (rows: string[][]) => string][] = [
    ['cut inside a line', (rows) => csvText(rows).slice(0, -7)],
    ['cut between lines', (rows) => csvText(rows.slice(0, -3))],
    ['a row twice', (rows) => csvText([...rows, rows.at(-1)!])],
    ['rows in another order', (rows) => csvText([rows[0]!, ...rows.slice(1).reverse()])],
    ['another heading', (rows) => csvText([rows[0]!.toReversed(), ...rows.slice(1)])],
    ['NaN', (rows) => csvText(rows.with(2, rows[2]!.with(2, 'NaN')))],
    ['a negative number', (rows) => csvText(rows.with(2, rows[2]!.with(2, '-5')))],
    ['nats beyond int64', (rows) => csvText(rows.with(2, rows[2]!.with(2, '9'.repeat(19))))],
    ['a document that is not there', (rows) => csvText(rows.with(-1, rows.at(-1)!.with(0, '999')))],
    ['a line without end', (rows) => csvText(rows) + '1'.repeat(10_000)],
    ['no byte at all', () => ''],
  ];

  test.each(bentRows)('documents.csv with %s', async (_, edit) => {
    const copy = copyOf(run);
    const text = edit(csvOf(copy));
    expect(await failing(replaceTable(copy, 'documents.csv', text))).toContain('documents');
  });

  const bentNats: readonly [string, (nats: Float32Array) => Float32Array][] = [
    ['too short', (nats) => nats.slice(0, -1)],
    ['too long', (nats) => Float32Array.from([...nats, 1])],
    ['one better', (nats) => nats.with(5, nats[5]! / 2)],
    ['one left out', (nats) => nats.with(5, Number.NaN)],
    ['one of a skipped target', (nats) => nats.with(nats.length - 1, 1)],
    ['one negative', (nats) => nats.with(5, -1)],
    ['an infinite one', (nats) => nats.with(5, Number.POSITIVE_INFINITY)],
  ];

  test.each(bentNats)('targets.f32 with %s', async (_, edit) => {
    const copy = copyOf(run);
    const bytes = new Uint8Array(edit(natsOf(copy)).buffer);
    expect(await failing(replaceTable(copy, 'targets.f32', bytes))).toContain('targets');
  });

  test('that are not there are not checked, and so are those of an older result', async () => {
    const open = async (result: string) => {
      const { verdict, checks } = await verify({ result });
      expect(verdict).toBe('claimed');
      return checks.flatMap((each) => (each.verdict === 'not_checked' ? [each.name] : []));
    };
    const copy = copyOf(run);
    rmSync(join(copy, 'targets.f32'));
    expect(await open(copy)).toEqual(['size', 'files', 'targets']);
    rmSync(join(copy, 'documents.csv'));
    expect(await open(copy)).toEqual(['size', 'files', 'documents', 'interval', 'targets']);
    const alone = bend(copyOf(run), (result) => {
      result.files = null;
    });
    expect(await open(alone)).toEqual(['size', 'files', 'documents', 'interval', 'targets']);
    const older = copyOf(run);
    const result: Bent = resultOf(older);
    delete result.files;
    delete result.coverage.part;
    writeResult(older, result);
    expect(await open(older)).toEqual(['size', 'files']);
  });

  test.runIf(process.platform !== 'win32')('a FIFO in the place of one', async () => {
    const copy = copyOf(run);
    rmSync(join(copy, 'documents.csv'));
    execFileSync('mkfifo', [join(copy, 'documents.csv')]);
    expect(await failing(copy)).toContain('files');
  });
});
