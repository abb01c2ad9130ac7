/** How often each cheat is found, in many seeds; prints the rows of docs/cheats.md. Minutes. */
import { afterAll, describe, expect, test } from 'vitest';
import { CATALOGUE } from './catalogue.js';
import { line, type Measured, measuredColumns, statedColumns, tailOf } from './page.js';
import { honestOf, isFound, make, probed, scored, searched } from './run.js';

const long = process.env['BPB_TEST_LONG'] !== undefined;
/** None is 1, which `known-probes` knows. */
const SEEDS = Array.from({ length: 10 }, (_, k) => 11 + k);
const RARE = 1e-4;
const CERTAIN = 1 - 1e-5;

/** The run of the probes, with that of every row where it is what finds the cheat. */
const ofProbe: typeof searched = (cheat, made, seed) =>
  cheat.found.search === 'every-row' ? searched(cheat, made, seed) : probed(made, seed);

const rows = new Map<string, string>();

describe.skipIf(!long)('found in many seeds (BPB_TEST_LONG)', () => {
  afterAll(() => {
    const printed = CATALOGUE.flatMap(({ name }) => rows.get(name) ?? []);
    process.stdout.write(`${printed.join('\n')}\n`);
  });

  test.each(CATALOGUE)('$found.search: $name', async (cheat) => {
    const { found } = cheat;
    const bent = await make(cheat.bent, cheat.setting);
    const honest = await make(honestOf(cheat), cheat.setting);
    const loss = [(await scored(honest, 1)).loss, (await scored(bent, 1)).loss] as const;
    let [fast, times] = [0, 0];
    for (const seed of SEEDS) {
      const seen = await ofProbe(cheat, bent, seed);
      const any = [...seen.failed, ...(found.warned ? seen.warned : [])];
      if (any.some((name) => name !== 'every-row')) fast++;
      const once = found.search !== 'score' && found.search !== 'control';
      if (isFound(cheat, once ? seen : await searched(cheat, bent, seed))) times++;
    }
    const of = SEEDS.length;
    const measured: Measured = { loss, fast: { times: fast, of }, found: { times, of } };
    const columns = measuredColumns(measured);
    if (found.by === null) columns[2] = '—';
    rows.set(cheat.name, line([...statedColumns(cheat), ...columns]));
    expect(tailOf(measured.found, Math.min(found.chance, CERTAIN))).toBeGreaterThan(RARE);
  });
});
