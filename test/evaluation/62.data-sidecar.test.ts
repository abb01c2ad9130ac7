/** A byte sidecar that contradicts its tokens is found without documents, and a right one is not. */
import { describe, expect, test } from 'vitest';
import { surveyStream } from '#bpb/bytes/survey';
import { findingsOf } from '#bpb/evaluation/data-findings';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { casedModel, dataSet } from '../audit/fixtures.js';
import { streamOf } from '../helpers/stream.js';

describe('a byte sidecar of case operators', () => {
  const texts = Array.from({ length: 12 }, (_, k) => `the cat and the hen in the inn ${k}`);
  const judged = async (change: (data: { ids: number[]; entries: number[] }) => void) => {
    const tokenizer = loadTokenizer(casedModel());
    const { ids, entries } = await dataSet(casedModel(), texts, change, true);
    const starts = ids.flatMap((id, i) => (id === 1 ? [i] : []));
    const stream = streamOf(ids, starts);
    const shards = [{ file: 'fineweb_val_000000.bin', tokens: ids.length, sha256: '' }];
    const facts = { tokenizer, confirmed: false, partial: false, mode: 'document' } as const;
    return findingsOf({
      ...{ ...facts, stream, shards, known: null, scoredEnd: ids.length },
      sidecar: Uint16Array.from(entries),
      survey: await surveyStream(stream, tokenizer),
    });
  };

  test.each([
    [
      'doubled',
      ({ entries }: { entries: number[] }) =>
        entries.splice(0, entries.length, ...entries.map((e) => 2 * e)),
    ],
    ['shifted', ({ entries }: { entries: number[] }) => entries.unshift(entries.pop()!)],
    ['of four bytes a token', ({ entries }: { entries: number[] }) => entries.fill(4)],
  ])('%s', async (_, change) => {
    const ids = (await judged(change)).map(({ id, severity }) => `${severity} ${id}`);
    expect(ids).toContain('fail sidecar-contradicts');
  });

  test('that counts operators', async () => {
    const found = await judged(({ ids, entries }) => {
      ids.splice(1, 0, 4);
      entries.splice(1, 0, 3);
    });
    expect(found).toMatchObject([{ id: 'sidecar-operators', severity: 'fail' }]);
  });

  test('that is right', async () => {
    expect(await judged(() => {})).toEqual([]);
  });
});
