/** The interpreter and real Python agree on what snippets compute. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ran } from './running.js';
import { SNIPPETS } from './snippets.js';

const SCRIPT = join(import.meta.dirname, 'snippets_referee.py');
const python = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']);
const skipped = python.status !== 0;

function references(): string[] {
  if (skipped) return [];
  const { stdout, stderr, status } = spawnSync('python3', [SCRIPT], {
    input: JSON.stringify(SNIPPETS),
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

describe.skipIf(skipped)(
  `python3${skipped ? ' (skipped: there is no python3 of 3.10 or later)' : ''}`,
  () => {
    const expected = references();

    test('there are at least 120 snippets', () => {
      expect(SNIPPETS.length).toBeGreaterThanOrEqual(120);
    });

    test.each(SNIPPETS.map((text, i) => ({ text, i })))('$text', ({ text, i }) => {
      const { text: textOf, stops } = ran(text);
      expect({ r: textOf('r'), stops }).toEqual({ r: expected[i], stops: expect.any(Array) });
    });
  },
);
