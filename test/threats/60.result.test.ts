/** A result that is not what was computed, written by somebody who knows how it is hashed. */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { verify } from '#bpb/verify/verify';
import { fileFolder } from '../helpers/folder.js';
import { tableModel } from '../helpers/models.js';
import { type Bent, bend, copyOf, natsOf, replaceTable } from '../verify/results.js';
import { learned, scoreOf, type World, world } from './world.js';

const folder = fileFolder();
const [mine, other] = [join(folder, 'mine'), join(folder, 'other')];
let [honest, worse] = [{}, {}] as World[];

const results = (name: string) => join(folder, `${name}-results`);

beforeAll(async () => {
  honest = await world({ folder: mine });
  const reversed = (ids: readonly number[], vocabulary: number) =>
    tableModel(learned(ids.toReversed(), vocabulary), vocabulary);
  worse = await world({ folder: other, model: reversed, texts: ['the rest of it '.repeat(99)] });
  // What it says beside its headline can be taken away.
  copyFileSync(honest.docs, join(honest.artifact, 'uncounted.bin'));
  await scoreOf(honest, { out: results('mine'), saveTargets: true });
  await scoreOf(honest, { out: results('part'), saveTargets: true, part: [1, 2], batchTokens: 64 });
  await scoreOf(worse!, { out: results('worse'), saveTargets: true });
});

/** The verdict with the artifact at hand, or the exit code of a refusal. */
async function verdictOf(result: string, over: Partial<Pick<World, 'artifact' | 'data'>> = {}) {
  const { artifact, data } = { ...honest!, ...over };
  try {
    return (await verify({ result, artifact, data: [data], seed: 1 })).verdict;
  } catch (error) {
    return (error as { exitCode?: number }).exitCode;
  }
}

const fallen = ['failed', 2, 3];

test('the honest twin is confirmed with its artifact, and only claimed without', async () => {
  expect(await verdictOf(results('mine'))).toBe('confirmed');
  expect((await verify({ result: results('mine') })).verdict).toBe('claimed');
});

describe('a field of the result is another, and all hashes fit', () => {
  test.each<[string, (result: Bent) => void]>([
    [
      'the headline',
      ({ score }) => {
        score.val_bpb *= 0.9;
      },
    ],
    [
      'the headline, its loss and the nats',
      ({ score, totals }) => {
        for (const field of ['val_bpb', 'val_loss', 'bits_per_token']) score[field] *= 0.9;
        totals.nats *= 0.9;
        totals.nats_q30 = `${(BigInt(totals.nats_q30) * 9n) / 10n}`;
      },
    ],
    [
      'the headline and its bytes',
      ({ score, totals }) => {
        score.val_bpb /= 2;
        totals.bytes.lut *= 2;
        totals.bytes.decoded *= 2;
      },
    ],
    [
      'the interval',
      ({ score }) => {
        score.ci95_bpb = [0.1, 0.2];
      },
    ],
    [
      'the targets that were scored',
      ({ coverage, totals }) => {
        coverage.scored -= 100;
        totals.targets -= 100;
      },
    ],
    [
      'the artifact, by its hash',
      ({ artifact }) => {
        artifact.sha256 = '0'.repeat(64);
      },
    ],
    [
      'the data, by their hash',
      ({ data }) => {
        data.shards[0].sha256 = '0'.repeat(64);
      },
    ],
    [
      'the tokenizer, by its hash',
      ({ tokenizer }) => {
        tokenizer.sha256 = '0'.repeat(64);
      },
    ],
    ...['uncounted-files', 'artifact-decides'].map((id): [string, (result: Bent) => void] => [
      `without the finding ${id}`,
      (result) => {
        const kept = result.findings.filter((each: Bent) => each.id !== id);
        expect(kept.length).toBeLessThan(result.findings.length);
        result.findings = kept;
      },
    ]),
    [
      'the files that nobody counted',
      ({ artifact }) => {
        artifact.uncounted = [];
      },
    ],
    [
      'what is counted',
      ({ artifact }) => {
        artifact.counted.pop();
      },
    ],
    [
      'documents that are altered',
      ({ totals }) => {
        totals.documents_altered = 0;
      },
    ],
    ...['documents', 'known-set', 'rules'].map((by): [string, (result: Bent) => void] => [
      `a denominator that ${by} confirm`,
      ({ totals }) => {
        totals.denominator.confirmed_by = by;
      },
    ]),
    [
      'the denominator that its own caller confirms',
      ({ totals }) => {
        totals.denominator.confirmed_by = 'caller';
      },
    ],
    [
      'a tail of the artifact that is said to be the usual one',
      (result) => {
        result.decided_by.tail = 'default';
        result.findings = result.findings.filter(({ id }: Bent) => id !== 'artifact-decides');
      },
    ],
  ])('%s', async (_, edit) => {
    expect(fallen).toContain(await verdictOf(bend(copyOf(results('mine')), edit)));
  });

  test('findings that an older version need not have had are listed as not checked', async () => {
    const result = bend(copyOf(results('mine')), (bent) => {
      bent.run.harness = '0.0.1';
      bent.findings = [];
    });
    const { why } = await verify({ result, artifact: honest!.artifact, seed: 1 });
    expect(why).toMatch(/but identity, findings and data-findings, not checked/);
  });

  test('a setting that is said to be the caller’s is listed as not checked', async () => {
    const result = bend(copyOf(results('mine')), (bent) => {
      for (const setting of ['window', 'seqLen', 'tail']) bent.decided_by[setting] = 'caller';
      bent.findings = bent.findings.filter(({ id }: Bent) => id !== 'artifact-decides');
    });
    const report = await verify({ result, artifact: honest!.artifact, seed: 1 });
    expect(report.checks).toContainEqual(
      expect.objectContaining({ name: 'decided-by', verdict: 'not_checked' }),
    );
    expect(report.why).toContain('decided-by');
  });
});

describe('a file is that of another run, and all hashes fit', () => {
  test.each(['documents.csv', 'targets.f32'])('%s of another model', async (file) => {
    const copy = copyOf(results('mine'));
    const content = readFileSync(join(results('worse'), file));
    expect(fallen).toContain(await verdictOf(replaceTable(copy, file, content)));
  });

  test('nats that are a tenth lower throughout, with documents that fit them', async () => {
    const copy = copyOf(results('mine'));
    const nats = natsOf(copy).map((each) => each * 0.9);
    replaceTable(copy, 'targets.f32', new Uint8Array(nats.buffer));
    expect(fallen).toContain(await verdictOf(copy));
  });
});

test('another artifact, and other data, are refused', async () => {
  expect(fallen).toContain(await verdictOf(results('mine'), { artifact: worse!.artifact }));
  expect(fallen).toContain(await verdictOf(results('mine'), { data: worse!.data }));
});

test('a part that says that it is the whole', async () => {
  expect(await verdictOf(results('part'))).toBe('confirmed');
  const whole = bend(copyOf(results('part')), ({ coverage }) => {
    coverage.partial = false;
    coverage.part = null;
  });
  expect(fallen).toContain(await verdictOf(whole));
});
