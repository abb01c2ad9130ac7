/**
 * Findings about a byte sidecar that contradicts its tokens.
 */
import { buildLut, lutBytes } from '../../bytes/lut.js';
import { operatorEntries } from '../../bytes/operator-entries.js';
import type { Finding } from '../../finding.js';
import { plural } from '../../words.js';
import { type DataFacts, placeOf } from './facts.js';
import { found } from './table.js';

/** Ordinary tokens below which agreement says nothing. */
const MIN_TOKENS = 64;
/** Nearly all pieces stand in the text as they are; of other tokens a quarter agrees by chance. */
const AGREES = 0.5;

/** Only of a sidecar that counts: of other tokenizers the table does. */
export function sidecarFindings(facts: DataFacts): Finding[] {
  const { stream, tokenizer, sidecar } = facts;
  if (sidecar === null || !tokenizer.hasCaseOperators) return [];
  const findings: Finding[] = [];
  const operators = operatorEntries(stream.ids, sidecar, tokenizer);
  if (operators.count > 0) {
    findings.push(
      found(
        'sidecar-operators',
        `the byte sidecar counts ${plural(operators.bytes, 'byte')} for ${plural(operators.count, 'case operator')}, the first at ${placeOf(facts, operators.first[0]!)}`,
      ),
    );
  }
  const contradiction = contradictionOf(facts, sidecar);
  if (contradiction !== null) findings.push(found('sidecar-contradicts', contradiction));
  return findings;
}

/** Agreement of the entries with the table, as they stand and shifted by one. */
function contradictionOf({ stream: { ids }, tokenizer }: DataFacts, sidecar: Uint16Array) {
  const lut = buildLut(tokenizer);
  const isText = tokenizer.pieces.map(({ type }) => type === 'normal');
  let seen = 0;
  const agree = { '-1': 0, '0': 0, '1': 0 };
  for (let i = 1; i + 1 < ids.length; i++) {
    if (!isText[ids[i]!]) continue;
    const bytes = lutBytes(lut, ids[i - 1]!, ids[i]!);
    seen++;
    if (sidecar[i] === bytes) agree['0']++;
    if (sidecar[i - 1] === bytes) agree['-1']++;
    if (sidecar[i + 1] === bytes) agree['1']++;
  }
  if (seen < MIN_TOKENS || agree['0'] >= AGREES * seen) return null;
  const percent = (count: number) => `${((100 * count) / seen).toFixed(0)} %`;
  const better = agree['1'] >= agree['-1'] ? ('1' as const) : ('-1' as const);
  const shifted =
    agree[better] >= AGREES * seen
      ? `; shifted by one they are those of ${percent(agree[better])}`
      : '';
  return `the entries of the byte sidecar are the bytes of only ${percent(agree['0'])} of the ordinary pieces${shifted}`;
}
