/**
 * Judgement of the data: whether it is one of the sets that rules describe.
 */

import { figure, plural } from '../words.js';
import { isLimited, type ScoreFacts } from './facts.js';
import type { Rules } from './schema.js';
import { type RuleVerdict, verdict } from './verdict.js';

type DataSet = NonNullable<Rules['data']>[number];

/** Sets and differences that a verdict shows; a rule may have any number. */
const SHOWN = 3;

export function judgeData({ data: sets }: Rules, facts: ScoreFacts): RuleVerdict[] {
  if (sets === undefined) return [];
  const expected = setsText(sets);
  const misses = sets.map((set) => differences(set, facts));
  if (misses.some((each) => each.length === 0)) {
    return [verdict('data', true, expected, dataText(facts))];
  }
  // Of one set it can be said what is missing.
  const why = sets.length === 1 ? `: ${misses[0]!.slice(0, SHOWN).join('; ')}` : '';
  return [verdict('data', false, expected, `${dataText(facts)}${why}`)];
}

/** What of a set is not true of the data. */
function differences(set: DataSet, { data, coverage, decided_by }: ScoreFacts): string[] {
  const found: string[] = [];
  const differ = (what: string, holds: boolean): void => {
    if (!holds) found.push(what);
  };
  const { known, documents, tokens, bytes, shards, documentsSha256 } = set;
  if (known !== undefined) {
    const name = data.known_as?.name ?? 'no known set';
    differ(`known as ${name}`, data.known_as?.name === known);
  }
  const counts = [
    ['documents', documents, coverage.documents],
    ['tokens', tokens, coverage.tokens],
    ['bytes', bytes, data.documents?.bytes ?? null],
  ] as const;
  for (const [what, wanted, has] of counts) {
    if (wanted === undefined) continue;
    const unknown = 'the bytes of the published texts are not known without --docs';
    differ(has === null ? unknown : `${figure(has)} ${what}`, has === wanted);
  }
  if (shards !== undefined) {
    const hashes = data.shards.map(({ sha256 }) => sha256);
    const same = hashes.length === shards.length && hashes.every((hash, k) => hash === shards[k]);
    differ(hashes.length === 0 ? 'no shards' : 'shards of another sha256 or order', same);
    const whole = data.shards.reduce((sum, shard) => sum + shard.tokens, 0);
    differ('only the first of their documents', coverage.tokens === whole);
  }
  if (documentsSha256 !== undefined) {
    const hash = data.documents?.sha256;
    differ(
      hash === undefined ? 'no documents' : `documents ${short(hash)}`,
      hash === documentsSha256,
    );
    // The hash is of the whole file, also where not all of it was read.
    differ('only the first documents', !isLimited({ coverage, decided_by }));
  }
  return found;
}

function setsText(sets: readonly DataSet[]): string {
  const shown = sets.slice(0, SHOWN).map(setText);
  const more = sets.length - shown.length;
  return more > 0 ? `${shown.join(', ')} or ${more} more` : shown.join(' or ');
}

function setText({ known, documents, tokens, bytes, shards, documentsSha256 }: DataSet): string {
  const counts = Object.entries({ documents, tokens, bytes }).flatMap(([what, value]) =>
    value === undefined ? [] : [`${figure(value)} ${what}`],
  );
  const parts = [
    ...(known === undefined ? [] : [known]),
    ...counts,
    ...(shards === undefined ? [] : [`${shards.length} shards by sha256`]),
    ...(documentsSha256 === undefined ? [] : [`documents ${short(documentsSha256)}`]),
  ];
  return parts.join(' with ');
}

function dataText({ data, coverage }: ScoreFacts): string {
  const name = data.known_as?.name ?? 'no known set';
  return `${name}, ${plural(coverage.tokens, 'token')} in ${plural(coverage.documents, 'document')}`;
}

function short(sha256: string): string {
  return sha256.slice(0, 12);
}
