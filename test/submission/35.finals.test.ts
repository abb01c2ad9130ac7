/**
 * The final lines of the published logs, found by another rule than that of the reader: by the words of a line.
 *
 * The logs are not part of this repository; without them the test says that it was skipped.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseLog } from '#bpb/submission/log/read';
import { sharedFile } from '../helpers/shared-data.js';

const RECORDS = sharedFile('records');

/** Counted by hand with grep, file by file. */
const FINALS = 100;

function logsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:log|txt)$/.test(name))
    .map((name) => join(folder, name));
}

/** A word `val_bpb:1.22` or `val_bpb:` before a number, and no word of a step, a running score or code. */
function isFinalLine(line: string): boolean {
  const words = line.split(/\s+/);
  const at = words.findIndex((word) => /^val_bpb[:=]/.test(word));
  if (at < 0) return false;
  const figure = words[at]!.slice('val_bpb:'.length) || (words[at + 1] ?? '');
  const excluded = words.some((word) => /^step:|^\d+\/\d+$|[{(]"?f?"|running/.test(word));
  return /^\d+\.\d+$/.test(figure) && !excluded;
}

test.skipIf(RECORDS === null)('each final line is found, and none is invented', () => {
  const logs = logsIn(RECORDS!);
  expect(logs.length).toBeGreaterThan(30);
  let count = 0;
  for (const path of logs) {
    const text = readFileSync(path, 'utf8');
    const lines = text.split('\n').flatMap((line, index) => (isFinalLine(line) ? [index + 1] : []));
    const found = parseLog(text, path).finals.map(({ lineNumber }) => lineNumber);
    expect([path, found]).toEqual([path, lines]);
    count += found.length;
  }
  expect(count).toBe(FINALS);
});
