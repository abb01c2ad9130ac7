/**
 * Findings about which set the data are: a part of a known one, another one than is meant.
 */
import { basename } from 'node:path';
import { KNOWN_SETS } from '../../data/known-sets.js';
import type { Finding } from '../../finding.js';
import { figure, plural } from '../../words.js';
import type { DataFacts } from './facts.js';
import { found } from './table.js';

const knownSet = (name: string) => KNOWN_SETS.find((set) => set.name === name)!;
export const CANONICAL: (typeof KNOWN_SETS)[number] = knownSet('fineweb-val-50k');
const TRUNCATED = knownSet('fineweb-val-10k');
/** Fewer documents are a test's or an example's, whatever the shards are called. */
const MIN_DOCUMENTS = 1000;
const OF_CHALLENGE = /^fineweb_val_/;

/** Whether these counts are those of the first 10,000 documents: the default of some exporters. */
export function isTruncated(documents: number, knownAs: { readonly name: string } | null): boolean {
  return documents === TRUNCATED.documents || knownAs?.name === TRUNCATED.name;
}

export function setFindings(facts: DataFacts): Finding[] {
  const { stream, shards, known, partial } = facts;
  const documents = stream.documentStarts.length;
  // What was left out on demand is said by `coverage.partial`.
  if (partial) return [];
  const findings: Finding[] = [];
  if (isTruncated(documents, known)) {
    findings.push(
      found(
        'partial-set',
        `${plural(documents, 'document')}, ${figure(stream.ids.length)} tokens: ${known === null ? 'as many as' : 'known as'} ${TRUNCATED.name}, a fifth of the validation set`,
        { hint: 'export the whole set (--val-docs 50000 in the scripts of the challenge)' },
      ),
    );
  } else if (
    documents >= MIN_DOCUMENTS &&
    documents < CANONICAL.documents! &&
    shards.some(({ file }) => OF_CHALLENGE.test(basename(file)))
  ) {
    findings.push(
      found(
        'partial-set',
        `${plural(documents, 'document')} in shards named as those of ${CANONICAL.name}, which has ${figure(CANONICAL.documents!)}`,
      ),
    );
  }
  if (known?.caution !== undefined && known.name !== TRUNCATED.name) {
    findings.push(found('foreign-set', `known by its counts as ${known.name}: ${known.caution}`));
  }
  return [...findings, ...nameFindings(facts)];
}

/** The published shards are `fineweb_val_000000.bin` and so on. */
function nameFindings({ shards, known }: DataFacts): Finding[] {
  if (known === null || !known.name.startsWith(CANONICAL.name)) return [];
  const published = shards.map((_, k) => `fineweb_val_${String(k).padStart(6, '0')}.bin`);
  const at = shards.findIndex(({ file }, k) => basename(file) !== published[k]);
  if (at < 0) return [];
  const message = `known by its counts as ${known.name}, and shard ${at} is named ${basename(shards[at]!.file)}: the published one is ${published[at]}`;
  return [found('shard-names', message)];
}
