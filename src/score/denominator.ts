/**
 * Judgement of a score's bytes: who confirms them, and what shows that they are too many.
 */
import type { ByteTotals } from '../bytes/accounting.js';
import { alteredText } from '../bytes/altered.js';
import { documentsBytes, tableCeiling } from '../bytes/ceiling.js';
import { type Denominator, denominatorOf } from '../bytes/denominator.js';
import { longPieces } from '../bytes/long-pieces.js';
import { overcounted } from '../bytes/overcount.js';
import { movedBytes, sidecarSigns } from '../bytes/sidecar-signs.js';
import type { Identified } from '../data/known-sets.js';
import type { OpenData } from '../evaluation/open-data.js';
import { type Finding, withholds } from '../finding.js';

interface BytesContext {
  readonly data: OpenData;
  readonly known: Identified | null;
  /** Targets that are scored over all parts of the plan. */
  readonly planned: number;
  /** Whether the caller named the tokenizer. */
  readonly namedByCaller: boolean;
  /** Whether the rules of the score name it. */
  readonly namedByRules?: boolean;
  /** Whether they allow what its normalizer changes. */
  readonly normalizerAllowed?: boolean;
}

export function judgeBytes(
  bytes: ByteTotals,
  {
    data,
    known,
    planned,
    namedByCaller,
    namedByRules = false,
    normalizerAllowed = false,
  }: BytesContext,
): { readonly denominator: Denominator; readonly findings: readonly Finding[] } {
  const { stream, tokenizer, sidecar, facts } = data;
  const found: Finding[] = [];
  if (bytes.headline === 'lut') {
    found.push(...tableCeiling(bytes.stream, facts && documentsBytes(facts)));
    if (found.length === 0) {
      found.push(...overcounted(bytes.stream.headline, data, facts !== null));
    }
  } else {
    found.push(...movedBytes(bytes));
    if (facts === null) {
      found.push(...sidecarSigns(bytes.stream, { tokenizer, stream, sidecar: sidecar! }));
    }
  }
  if (facts !== null) found.push(...alteredText(facts, normalizerAllowed));
  const denominator = denominatorOf(bytes, {
    documents: facts === null ? null : !withholds(found),
    known,
    planned,
    targets: stream.ids.length - 1,
    rules: namedByRules,
    caller: namedByCaller,
  });
  // The bytes of a known set need no text to explain them.
  const isKnown = denominator.confirmed_by === 'known-set';
  const findings = isKnown ? found.filter(({ severity }) => severity === 'fail') : found;
  const memory = longPieces(tokenizer, stream.ids, bytes.stream.headline);
  return { denominator, findings: [...findings, ...memory] };
}
