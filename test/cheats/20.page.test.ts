/** docs/cheats.md says of each cheat what the catalogue says, and its counts fit the chances. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from './catalogue.js';
import { countOf, pageRows, statedColumns, tailOf } from './page.js';
import { TWELVE } from './twelve.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Runs that a measured chance rests on, at least. */
const SEEDS = 10;
/** A count as rare as that would say that the chance is wrong; there are some fifty counts. */
const RARE = 1e-4;
/** A chance that is called certain may be this far from it: in 10 runs it misses none. */
const CERTAIN = 1 - 1e-5;

const rows = pageRows();

describe('each cheat has its row', () => {
  test.each(CATALOGUE)('$name', (cheat) => {
    const stated = statedColumns(cheat);
    expect(rows.get(stated[0]!)?.slice(0, stated.length)).toEqual(stated);
  });

  test('and no other has one', () => {
    const named = [...rows.keys()].filter((name) => name.startsWith('`') && !name.includes(' '));
    expect(named.sort()).toEqual(CATALOGUE.map(({ name }) => `\`${name}\``).sort());
  });
});

describe('measured counts', () => {
  test.each(CATALOGUE)('of $name fit its chance', ({ name, found }) => {
    const [, , , , , loss, fast, counted] = rows.get(`\`${name}\``) ?? [];
    expect(loss).toMatch(/^\d\.\d{4} → \d\.\d{4}$/);
    expect(countOf(fast)?.of).toBeGreaterThanOrEqual(SEEDS);
    if (found.by === null) {
      expect(counted).toBe('—');
      return;
    }
    const count = countOf(counted);
    expect(count?.of).toBeGreaterThanOrEqual(SEEDS);
    expect(tailOf(count!, Math.min(found.chance, CERTAIN))).toBeGreaterThan(RARE);
  });

  test('a count that does not fit is seen', () => {
    expect(tailOf({ times: 9, of: 10 }, CERTAIN)).toBeLessThan(RARE);
    expect(tailOf({ times: 7, of: 10 }, 0.1)).toBeLessThan(RARE);
    expect(tailOf({ times: 1, of: 10 }, 0.1)).toBeGreaterThan(0.3);
  });
});

describe('the twelve of the record', () => {
  test('are twelve', () => {
    expect(TWELVE.length).toBe(12);
  });

  test.each(TWELVE)('$does', ({ does, stopped, chance, tests }) => {
    const [, ...columns] = rows.get(does) ?? [];
    expect(columns.slice(0, 2)).toEqual([stopped, chance]);
    for (const each of tests) {
      const isFile = each.startsWith('test/');
      expect(isFile ? existsSync(`${ROOT}/${each}`) : rows.has(`\`${each}\``)).toBe(true);
      if (isFile) expect(columns[2]).toContain(`../${each}`);
    }
  });
});
