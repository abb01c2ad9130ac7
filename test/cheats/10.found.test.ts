/** Each cheat is found by what the catalogue names, and the same artifact with nothing bent passes. */
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from './catalogue.js';
import { honestOf, isFound, make, probed, scored, searched } from './run.js';
import type { SettingName } from './settings.js';

/** Of the default suite: found in one run, if the catalogue is right. */
const SURE = 0.99;
const SEED = 2;

test('names are unique', () => {
  expect(new Set(CATALOGUE.map(({ name }) => name)).size).toBe(CATALOGUE.length);
});

describe('found', () => {
  const sure = CATALOGUE.filter(({ found }) => found.by !== null && found.chance >= SURE);

  test.each(sure)('$name: $found.by', async (cheat) => {
    const made = await make(cheat.bent, cheat.setting);
    const seen = await searched(cheat, made, SEED);
    expect({ ...seen, found: isFound(cheat, seen) }).toMatchObject({ found: true });
  });
});

/** What the table of the page calls open: should something find it, the table is wrong. */
describe('open', () => {
  const open = CATALOGUE.filter(({ found }) => found.by === null);

  test.each(open)('$name', async (cheat) => {
    const made = await make(cheat.bent, cheat.setting);
    expect(await probed(made, SEED, { everyRow: true })).toEqual({ failed: [], warned: [] });
    expect(await scored(made, SEED)).toMatchObject({ failed: [] });
    const control = { ...cheat.found, search: 'control' } as const;
    expect((await searched({ found: control }, made, SEED)).failed).toEqual([]);
  });
});

test('an artifact that knows the rows of one seed passes its probes, and no other’s', async () => {
  const cheat = CATALOGUE.find(({ name }) => name === 'known-probes')!;
  const made = await make(cheat.bent, cheat.setting);
  expect(await probed(made, 1)).toEqual({ failed: [], warned: [] });
  expect((await probed(made, 3)).failed).toContain('causality');
});

/** One of each: many cheats bend the same honest artifact. */
describe('with nothing bent', () => {
  const seen = new Map<unknown, Set<SettingName>>();
  const honest = CATALOGUE.filter((cheat) => {
    const settings = seen.get(honestOf(cheat)) ?? new Set();
    seen.set(honestOf(cheat), settings);
    const first = !settings.has(cheat.setting);
    settings.add(cheat.setting);
    return first;
  });

  test.each(honest)('that of $name, in $setting', async (cheat) => {
    const made = await make(honestOf(cheat), cheat.setting);
    expect(await probed(made, SEED, { everyRow: true })).toEqual({ failed: [], warned: [] });
    expect(await scored(made, SEED)).toMatchObject({ failed: [] });
  });
});
