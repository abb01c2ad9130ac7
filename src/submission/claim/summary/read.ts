/**
 * Reader of summaries: a submission.json of the challenge, and other JSON that states val_loss and
 * val_bpb of seeds.
 */
import { inputError } from '../../../errors.js';
import type { StatedScore, Summary } from './types.js';

type Values = ReadonlyMap<string, unknown>;

/** `val_bpb`, `mean_val_bpb`, `pre_quant_val_loss`, `val_loss_sliding`. */
const FIGURE = /^(?:(\w{1,60})_)?val_(loss|bpb)s?(?:_(\w{1,60}))?$/i;
const SEEDS = /^(?:seed_results|seeds?_scores|per_seed|by_seed|seed_runs|seeds|runs|results)$/i;
const DEVIATION = /^(?:std|sd|stdev|stddev|standard_deviation)$/;
/** More is no summary of runs; pairs of other evaluations beyond it are left out. */
const SCORES_MAX = 100;
/** Objects between a document and the figures that it states. */
const NESTED_MAX = 3;

/**
 * @returns null for a document that states no score
 * @throws BPB_CLAIM_SUMMARY_LARGE
 */
export function readSummary(value: unknown, path: string): Summary | null {
  return summaryOf(value, path, NESTED_MAX);
}

/** Whether an object states a score itself, or those of seeds: it is no table, whatever else it has. */
export function hasOwnScore(value: unknown): boolean {
  const document = objectOf(value);
  return document !== null && (pairsOf(document).has('') || seedsOf(document).length > 0);
}

/** The document's own, else that of the first member that has one: `{"metrics": {"val_loss": …}}`. */
function summaryOf(value: unknown, path: string, levels: number): Summary | null {
  const document = objectOf(value);
  if (document === null) return null;
  const own = ownSummary(document, path);
  if (own !== null || levels === 0) return own;
  for (const each of document.values()) {
    const nested = summaryOf(each, path, levels - 1);
    if (nested !== null) return nested;
  }
  return null;
}

function ownSummary(document: Values, path: string): Summary | null {
  const seed = figureOf(document.get('seed')) || null;
  const pairs = pairsOf(document, seed);
  const headline = pairs.get('') ?? pairs.get('mean') ?? null;
  const seeds = seedsOf(document);
  if (seeds.length > SCORES_MAX) throw tooMany(path, seeds.length);
  const others = [...pairs]
    .filter(([label]) => label !== '' && label !== 'mean' && !DEVIATION.test(label))
    .map(([, score]) => score)
    .filter(({ valLoss, valBpb }) => valLoss !== '' && valBpb !== '')
    .slice(0, SCORES_MAX);
  if (headline === null && seeds.length === 0 && others.length === 0) return null;
  const deviation = [...pairs].find(([label]) => DEVIATION.test(label))?.[1];
  const tokens = document.get('val_tokens') ?? document.get('tokens');
  const tokenizer = document.get('tokenizer') ?? document.get('tokenizer_path');
  return {
    // A file with one result under a name of its own claims that one.
    headline: headline ?? (seeds.length === 0 && others.length === 1 ? others[0]! : null),
    seeds,
    others: headline === null && seeds.length === 0 && others.length === 1 ? [] : others,
    statedDeviation: { valLoss: deviation?.valLoss ?? '', valBpb: deviation?.valBpb ?? '' },
    tokens: typeof tokens === 'number' ? tokens : undefined,
    tokenizer: typeof tokenizer === 'string' ? tokenizer : undefined,
  };
}

/** The figures of one object by what their keys say besides `val_loss` and `val_bpb`. */
function pairsOf(values: Values, seed: string | null = null): Map<string, StatedScore> {
  const pairs = new Map<string, StatedScore>();
  for (const [key, value] of values) {
    const [, before, figure, behind] = FIGURE.exec(key) ?? [];
    const text = figureOf(value);
    if (figure === undefined || text === '') continue;
    const label = [before, behind].filter(Boolean).join('_').toLowerCase();
    const none = { name: label || 'score', seed, valLoss: '', valBpb: '' };
    const known = pairs.get(label) ?? none;
    pairs.set(label, { ...known, [/loss/i.test(figure) ? 'valLoss' : 'valBpb']: text });
  }
  const alone = figureOf(values.get('bpb'));
  if (!pairs.has('') && alone !== '') {
    pairs.set('', { name: 'score', seed, valLoss: '', valBpb: alone });
  }
  return pairs;
}

function seedsOf(document: Values): StatedScore[] {
  for (const [key, value] of document) {
    if (!SEEDS.test(key)) continue;
    const named = namedValues(value);
    // Runs with names of their own are the rows of a table.
    if (named.some(([, each]) => each.has('name') || each.has('submission'))) continue;
    const scores = named.flatMap(([name, each]) => seedScore(name, each));
    if (scores.length > 0) return scores;
  }
  return seedLists(document);
}

/** Results by seed: an object with the seeds as keys, or an array of objects that name them. */
function namedValues(value: unknown): [string, Values][] {
  const entries: [string, unknown][] = Array.isArray(value)
    ? value.map((each, index) => [String(index + 1), each])
    : [...(objectOf(value) ?? [])];
  return entries.flatMap(([name, each]): [string, Values][] => {
    const values = objectOf(each);
    if (values === null) return [];
    const seed = values.get('seed');
    return [[typeof seed === 'number' || typeof seed === 'string' ? String(seed) : name, values]];
  });
}

function seedScore(seed: string, values: Values): StatedScore[] {
  const pairs = pairsOf(values, seed);
  const named = [...pairs.values()];
  const only = named.length === 1 ? named[0] : undefined;
  const score = pairs.get('') ?? pairs.get('mean') ?? only;
  return score === undefined ? [] : [{ ...score, name: `seed ${seed}` }];
}

/** `"seeds": [42, 0], "seed_scores": [1.09, 1.08]`, or lists under the names of the figures. */
function seedLists(document: Values): StatedScore[] {
  const list = (...keys: string[]) =>
    keys.map((key) => document.get(key)).find(Array.isArray) as unknown[] | undefined;
  const bpbs = list(
    'val_bpb',
    'val_bpbs',
    'seed_scores',
    'seed_val_bpb',
    'val_bpb_per_seed',
    'bpbs',
  );
  const losses = list(
    'val_loss',
    'val_losses',
    'seed_losses',
    'seed_val_loss',
    'val_loss_per_seed',
  );
  const names = list('seeds', 'seed');
  return Array.from({ length: Math.max(bpbs?.length ?? 0, losses?.length ?? 0) }, (_, index) => {
    const seed = figureOf(names?.[index]) || String(index + 1);
    return {
      name: `seed ${seed}`,
      seed,
      valLoss: figureOf(losses?.[index]),
      valBpb: figureOf(bpbs?.[index]),
    };
  }).filter(({ valLoss, valBpb }) => valLoss !== '' || valBpb !== '');
}

function tooMany(path: string, count: number): Error {
  return inputError('BPB_CLAIM_SUMMARY_LARGE', {
    message: 'the summary has too many seeds',
    path,
    expected: `at most ${SCORES_MAX} seeds`,
    actual: String(count),
    hint: 'Scores of many runs are a table: an array of objects with val_loss and val_bpb.',
  });
}

/** A number as JSON prints it, or the text of one; empty for anything else. */
function figureOf(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && /^\s*[+-]?[\d.]/.test(value) ? value.trim().slice(0, 40) : '';
}

/** Own keys only, whatever they are called. */
function objectOf(value: unknown): Values | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return new Map(Object.entries(value));
}
