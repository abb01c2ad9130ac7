/**
 * Findings about the names of shards: gaps in their numbers, a first one that is missing, copies, others
 * that lie beside them.
 */
import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Finding } from '../../finding.js';
import { plural } from '../../words.js';
import type { DataFacts } from './facts.js';
import { found } from './table.js';

/** A file of a series: shards of one name that are counted. */
interface Numbered {
  readonly name: string;
  readonly directory: string;
  readonly series: string;
  readonly number: number;
}

const NUMBERED = /^(.*[_.-])(\d+)\.bin$/;
/** Names of the layout that this harness writes and the challenge publishes: numbers from 0. */
const OF_LAYOUT = /^fineweb_[a-z]+_$/;
/** Of other names a number counts shards where it is written with zeros: `wikitext_103.bin` is no shard 103. */
const PADDED = /^0\d{2,}$/;

/** Null for names that count nothing. */
function numbered(file: string, padded: ReadonlySet<string>): Numbered | null {
  const name = basename(file);
  const match = NUMBERED.exec(name);
  if (match === null) return null;
  const [, series, digits] = match as unknown as [string, string, string];
  if (!OF_LAYOUT.test(series) && !padded.has(series)) return null;
  return { name, directory: dirname(file), series, number: Number(digits) };
}

function paddedSeries(files: readonly string[]): Set<string> {
  const series = new Set<string>();
  for (const file of files) {
    const match = NUMBERED.exec(basename(file));
    if (match !== null && PADDED.test(match[2]!)) series.add(match[1]!);
  }
  return series;
}

/** The series of `shard`'s folder, in the order of the numbers; empty where it cannot be read. */
function beside({ directory, series }: Numbered): Numbered[] {
  try {
    const files = readdirSync(directory).map((name) => `${directory}/${name}`);
    const all = files.map((file) => numbered(file, new Set([series])));
    return all
      .filter((each): each is Numbered => each?.series === series)
      .sort((a, b) => a.number - b.number);
  } catch {
    return [];
  }
}

export function numberingFindings({ shards }: DataFacts): Finding[] {
  const files = shards.map(({ file }) => file);
  const padded = paddedSeries(files);
  const all = files.flatMap((file) => numbered(file, padded) ?? []);
  const gaps: string[] = [];
  const findings: Finding[] = [];
  const starts: Numbered[] = [];
  const last = new Map<string, Numbered>();
  for (const here of all) {
    const before = last.get(here.series);
    last.set(here.series, here);
    if (before === undefined) starts.push(here);
    else if (here.number === before.number + 1) continue;
    // Another folder may hold another set of the same names, numbered anew.
    else if (before.directory === here.directory || here.number > before.number) {
      gaps.push(gapText(before, here));
    } else starts.push(here);
  }
  if (gaps.length > 0) {
    const more = gaps.length === 1 ? '' : ` (and at ${plural(gaps.length - 1, 'other place')})`;
    findings.push(found('shard-gap', `${gaps[0]}${more}`));
  }
  const late = starts.find(beginsLate);
  if (late !== undefined) {
    const message = `the shards begin with ${late.name}: those before it are missing`;
    findings.push(found('first-shard-missing', message));
  }
  const left = leftOut(all);
  if (left.length > 0) {
    const message = `${plural(left.length, 'shard')} of the same series beside them ${left.length === 1 ? 'is' : 'are'} not scored, the first ${left[0]!.name}`;
    findings.push(
      found('partial-set', message, { hint: 'give the folder in place of files: --data DIR' }),
    );
  }
  return findings;
}

function gapText(before: Numbered, here: Numbered): string {
  if (here.number === before.number) {
    return `${before.name} and ${here.name} have the same number`;
  }
  const missing = here.number - before.number - 1;
  return `${plural(missing, 'shard')} ${missing === 1 ? 'is' : 'are'} missing between ${before.name} and ${here.name}`;
}

/** Of other names than the layout's the first number may be 1, except where a 0 lies beside it. */
function beginsLate(first: Numbered): boolean {
  if (first.number === 0) return false;
  if (OF_LAYOUT.test(first.series) || first.number > 1) return true;
  return beside(first)[0]!.number === 0;
}

/** What the folders of the shards hold after the last one of a series; gaps are findings of their own. */
function leftOut(all: readonly Numbered[]): Numbered[] {
  const last = new Map<string, Numbered>();
  for (const each of all) last.set(`${each.directory}/${each.series}`, each);
  const read = new Set(all.map(({ directory, name }) => `${directory}/${name}`));
  return [...last.values()].flatMap((end) =>
    beside(end).filter(
      ({ number, directory, name }) => number > end.number && !read.has(`${directory}/${name}`),
    ),
  );
}
