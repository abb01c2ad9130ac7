/** `--accept`: what nobody may accept, what is not there, and what an accepted finding still says. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeShard } from '#bpb/data/shards';
import { type Finding, fail, note, withholds } from '#bpb/finding';
import { probe } from '#bpb/probes/probe';
import { colors } from '#bpb/report/format';
import { findingsTable } from '#bpb/report/markdown-verdicts';
import { findingLines } from '#bpb/report/table';
import { scoreClaimed } from '#bpb/score/claimed';
import { score } from '#bpb/score/score';
import { fileFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { type ScoreFixture, scoreFixture } from '../helpers/score-fixture.js';

/** Some of the findings that can be accepted. */
const LISTED = ['other-tokenizer', 'no-document-start', 'begins-inside-document'];

const folder = fileFolder();
let fixture: ScoreFixture;
/** A stream that begins inside a document. */
let cut: string;
beforeAll(async () => {
  fixture = await scoreFixture({ folder, texts: ['one text', 'another text', 'a third'] });
  cut = join(folder, 'cut.bin');
  await writeShard(cut, fixture.ids.slice(3));
});

const base = () => ({
  artifact: fixture.model,
  tokenizer: 'byte260',
  window: 'document' as const,
  seqLen: 8,
  workers: 1,
});

describe.each([
  ['no finding at all', 'anything', 'leave --accept anything out'],
  ['a finding with a letter too many', 'shard-gaps', '--accept shard-gap'],
  ['a finding of the run', 'verification-failed', 'leave --accept verification-failed out'],
  ['an empty name', '', undefined],
  ['a name of every object', 'constructor', undefined],
])('%s', (_, id, hint) => {
  test.each(['score', 'probe', 'scoreClaimed'])('%s refuses it with the list', async (name) => {
    const phases: string[] = [];
    const onProgress = ({ phase }: { phase: string }) => phases.push(phase);
    const data = { data: [cut], accept: [id], onProgress };
    const error = await refusalOf(() =>
      name === 'score'
        ? score({ ...base(), ...data })
        : name === 'probe'
          ? probe({ ...base(), ...data })
          : scoreClaimed({ ...data, ledger: 'none', targets: 'none', tokenizer: 'byte260' }),
    );
    expect(error).toMatchObject({ code: 'BPB_USAGE_ACCEPT', exitCode: 2, path: '--accept' });
    for (const known of LISTED) expect(error.expected).toContain(known);
    if (hint !== undefined) expect(error.hint).toBe(hint);
    expect(phases).toEqual([]);
  });
});

describe('a finding that is not there', () => {
  test.each(['score', 'probe', 'scoreClaimed'])('%s: before a session is opened', async (name) => {
    const phases = new Set<string>();
    const onProgress = ({ phase }: { phase: string }) => phases.add(phase);
    const data = { data: [cut], accept: ['other-tokenizer'], onProgress };
    const error = await refusalOf(() =>
      name === 'score'
        ? score({ ...base(), ...data })
        : name === 'probe'
          ? probe({ ...base(), ...data })
          : scoreClaimed({ ...data, ledger: 'none', targets: 'none', tokenizer: 'byte260' }),
    );
    expect(error).toMatchObject({ code: 'BPB_USAGE_ACCEPT', exitCode: 2 });
    expect(error.hint).toBe('--accept begins-inside-document');
    expect([...phases]).toEqual(['data']);
  });

  test('where the data have none', async () => {
    const options = { ...base(), data: [fixture.shards], accept: ['begins-inside-document'] };
    const error = await refusalOf(() => score(options));
    expect(error.hint).toBe('leave --accept begins-inside-document out');
  });

  test('where a probe has no data', async () => {
    const options = { ...base(), accept: ['begins-inside-document'] };
    expect(await refusalOf(() => probe(options))).toMatchObject({ code: 'BPB_USAGE_ACCEPT' });
  });
});

test('a score and a probe show what is accepted, once, however often it is named', async () => {
  const accept = ['begins-inside-document', 'begins-inside-document'];
  const scored = await score({ ...base(), data: [cut], accept });
  const probed = await probe({ ...base(), data: [cut], accept });
  for (const { findings } of [scored, probed]) {
    const about = findings.filter(({ id }) => id === 'begins-inside-document');
    expect(about).toMatchObject([{ severity: 'warn', accepted: true }]);
    expect(findings.filter(({ accepted }) => accepted)).toHaveLength(1);
  }
});

test('a probe fails over data of which no score has a headline, until they are accepted', async () => {
  const padded = join(folder, 'padded.bin');
  await writeShard(padded, [...fixture.ids, 0, 0, 0, 0]);
  const options = { ...base(), data: [padded] };
  const probed = await probe(options);
  expect(probed.verdict).toBe('fail');
  expect(probed.verdicts.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
  expect(probed.findings).toMatchObject([{ id: 'padding-at-end', severity: 'fail' }]);
  const accepted = await probe({ ...options, accept: ['padding-at-end'] });
  expect(accepted).toMatchObject({ verdict: 'pass', findings: [{ accepted: true }] });
});

const accepted: Finding = { ...fail('gap', 'a gap', 'fill it'), accepted: true };

test('a failure withholds the headline until it is accepted, and no other one with it', () => {
  expect(withholds([note('gap', 'a gap')])).toBe(false);
  expect(withholds([fail('gap', 'a gap')])).toBe(true);
  expect(withholds([accepted])).toBe(false);
  expect(withholds([accepted, fail('other', 'another one')])).toBe(true);
});

test('the reports mark what is accepted', () => {
  expect(findingLines([accepted], colors({}))).toEqual(['  fail  accepted (--accept gap): a gap']);
  expect(findingsTable([accepted])).toContain('| fail, accepted | a gap | &#45;-accept gap |');
});
