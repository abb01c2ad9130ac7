/** What docs/cheats.md says of the catalogue: its rows, and which of their figures are measured. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Cheat, COMMANDS } from './cheat.js';

const PAGE = fileURLToPath(new URL('../../docs/cheats.md', import.meta.url));

export const pageText = (): string => readFileSync(PAGE, 'utf8');

/** Found in `times` of `of` runs. */
export interface Count {
  readonly times: number;
  readonly of: number;
}

export interface Measured {
  /** Mean loss in nats a target, of the honest artifact and of the bent one. */
  readonly loss: readonly [honest: number, bent: number];
  /** By any of the fast probes. */
  readonly fast: Count;
  /** By what the catalogue names. */
  readonly found: Count;
}

export function chanceText(chance: number): string {
  if (chance === 0) return '—';
  if (chance === 1) return 'certain';
  if (chance > 0.9999) return '> 99.99 %';
  return `${(100 * chance).toFixed(chance > 0.99 ? 2 : 0)} %`;
}

function foundText({ search, by, warned }: Cheat['found']): string {
  if (by === null) return '**open**';
  return `${COMMANDS[search]}: ${warned ? 'warned of, ' : ''}*${by}*`;
}

/** The columns that the catalogue decides. */
export function statedColumns({ name, does, found }: Cheat): string[] {
  return [`\`${name}\``, does, foundText(found), chanceText(found.chance), found.why];
}

const countText = ({ times, of }: Count): string => `${times} of ${of}`;

/** The columns that a run decides. */
export function measuredColumns({ loss, fast, found }: Measured): string[] {
  const [honest, bent] = loss.map((nats) => nats.toFixed(4));
  return [`${honest} → ${bent}`, countText(fast), countText(found)];
}

export const line = (columns: readonly string[]): string => `| ${columns.join(' | ')} |`;

/** Rows of the page's tables by their first column. */
export function pageRows(): Map<string, string[]> {
  const rows = new Map<string, string[]>();
  for (const text of pageText().split('\n')) {
    if (!text.startsWith('| ') || text.startsWith('| ---')) continue;
    const columns = text.slice(2, -2).split(' | ');
    rows.set(columns[0]!, columns);
  }
  return rows;
}

export function countOf(text: string | undefined): Count | null {
  const match = /^(\d+) of (\d+)$/.exec(text ?? '');
  return match === null ? null : { times: Number(match[1]), of: Number(match[2]) };
}

/**
 * The chance of a count as far from what was expected, or farther, on the nearer side: the smaller tail of
 * the binomial distribution.
 */
export function tailOf({ times, of }: Count, chance: number): number {
  let [below, at] = [0, 0];
  for (let k = 0; k <= times; k++) {
    at = choose(of, k) * chance ** k * (1 - chance) ** (of - k);
    below += at;
  }
  return Math.min(below, 1 - below + at);
}

function choose(n: number, k: number): number {
  let value = 1;
  for (let i = 0; i < k; i++) value = (value * (n - i)) / (i + 1);
  return value;
}
