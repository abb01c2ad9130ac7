/**
 * The audit of the public scripts of the challenge, against the list of their defects that was made by reading.
 *
 * BPB_PARAMETER_GOLF names a clone of openai/parameter-golf at the commit of public-defects.json.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';

const part = new URL('../../bench/lib/source-records.mjs', import.meta.url).href;
const { LIST, auditRecord, compareRecords, recordScripts } = await import(part);

interface Listed {
  readonly folder: string;
  readonly file: string;
  readonly line: number;
  readonly kind: string;
  /** True, or the setting that it takes. */
  readonly reached: true | string;
}

const checkout = process.env['BPB_PARAMETER_GOLF'];
const long = process.env['BPB_TEST_LONG'] !== undefined;
const lacking = !long ? ' (BPB_TEST_LONG)' : checkout === undefined ? ' (BPB_PARAMETER_GOLF)' : '';

/** Of the defects that the scripts show with the settings that they have. */
const RECALL_MIN = 0.9;

describe.skipIf(lacking !== '')(`the public scripts${lacking}`, () => {
  const records: { file: string; error?: string }[] = [];
  let compared: { found: Listed[]; missed: Listed[]; falseFails: unknown[] };
  beforeAll(async () => {
    for (const file of recordScripts(checkout)) records.push(await auditRecord(checkout, file));
    compared = compareRecords(records);
  }, 1_800_000);

  test('are those of the list', () => {
    const defects: Listed[] = LIST.defects;
    const listed = [...defects.map(({ folder, file }) => join(folder, file)), ...LIST.right];
    expect(listed.filter((file) => !existsSync(join(checkout!, file)))).toEqual([]);
  });

  test('are all audited', () => {
    expect(records.filter(({ error }) => error !== undefined)).toEqual([]);
  });

  test('none without a grave defect fails', () => {
    expect(compared.falseFails).toEqual([]);
  });

  test(`at least ${RECALL_MIN} of the defects that show are found`, () => {
    const shows = ({ reached }: Listed) => reached === true;
    const missed = compared.missed.filter(shows);
    const recall = 1 - missed.length / (missed.length + compared.found.filter(shows).length);
    const lines = missed.map(({ file, line, kind }) => `${file}:${line} ${kind}`).join('\n');
    expect(recall, `missed:\n${lines}`).toBeGreaterThanOrEqual(RECALL_MIN);
  });
});
