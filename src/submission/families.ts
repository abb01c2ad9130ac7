/**
 * The tokenizer families of the challenge, and the family that a name or a path speaks of.
 */
import { CASE_OPERATORS } from './published-set.js';

/** As `KNOWN_SETS[…].tokenizer` names them. */
export const FAMILIES = [
  'sp1024',
  'sp4096',
  'sp8192',
  'caseops-sp8192',
  'sp16384',
  'byte260',
  'bytes',
] as const;

export type Family = (typeof FAMILIES)[number];

/** Case operators before vocabulary size: their tokenizer's name holds "8192" too. */
const PATTERNS: readonly (readonly [RegExp, Family])[] = [
  [CASE_OPERATORS, 'caseops-sp8192'],
  [/byte[-_ ]?260/i, 'byte260'],
  [/(?:^|[^0-9])16384(?:[^0-9]|$)|sp[-_ ]?16k/i, 'sp16384'],
  [/(?:^|[^0-9])8192(?:[^0-9]|$)|sp[-_ ]?8k/i, 'sp8192'],
  [/(?:^|[^0-9])4096(?:[^0-9]|$)|sp[-_ ]?4k/i, 'sp4096'],
  [/(?:^|[^0-9])1024(?:[^0-9]|$)|sp[-_ ]?1k/i, 'sp1024'],
  [/^(?:raw[-_ ]?)?bytes?$/i, 'bytes'],
];

/** The family named by a tokenizer path, a data set's name or a user's word; null if none is. */
export function familyOf(name: string): Family | null {
  return PATTERNS.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}
