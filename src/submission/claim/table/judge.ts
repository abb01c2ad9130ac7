/**
 * Judgement of a table of claims, row by row: a bad one does not cost the others.
 */
import { asBpbError, type BpbError, inputError } from '../../../errors.js';
import { judgeClaim } from '../judge-pair.js';
import type { Claim } from '../types.js';
import type { Table } from './read.js';
import type { Judged, Refusal, RowClaim, TableClaim, TableRow } from './types.js';

/** What the caller says of claims that do not say it themselves. */
export interface Stated {
  readonly tokens?: number | undefined;
  readonly family?: string | undefined;
}

/** @param onRow called with the count of rows before each is judged */
export function judgeTable(
  { format, rows }: Table,
  path: string,
  stated: Stated,
  onRow?: (done: number, total: number) => void,
): TableClaim {
  const judged = rows.map((row, index) => {
    onRow?.(index, rows.length);
    return judgeRow(row, index + 1, stated);
  });
  const of = (verdict: Judged) => judged.filter((row) => row.verdict === verdict).length;
  const counts = { pass: of('pass'), fail: of('fail'), not_judged: of('not_judged') };
  const open = counts.not_judged > 0 || rows.length === 0;
  const verdict = counts.fail > 0 ? 'fail' : open ? 'not_judged' : 'pass';
  return { path, format, verdict, counts, rows: judged };
}

function judgeRow(row: TableRow, number: number, stated: Stated): RowClaim {
  const { line, valLoss, valBpb } = row;
  const name = row.name.slice(0, 200);
  const about = { row: number, line, name, valLoss: shown(valLoss), valBpb: shown(valBpb) };
  try {
    const claim = claimOf(row, stated);
    return { ...about, verdict: verdictOf(claim), claim, error: null };
  } catch (thrown) {
    const where = line === null ? `row ${number}` : `line ${line}`;
    const error = refusalOf(asBpbError(thrown), where);
    return { ...about, verdict: 'not_judged', claim: null, error };
  }
}

function claimOf(row: TableRow, stated: Stated): Claim {
  const { valLoss, valBpb, tokens, tokenizer, fault } = row;
  if (fault !== null) throw refuse('BPB_CLAIM_ROW', 'the row cannot be read', null, fault);
  if (valBpb === '' || valLoss === '') throw alone(valLoss, valBpb);
  const counted = tokens === '' ? stated.tokens : tokensOf(tokens);
  const families = tokenizer === '' ? [stated.family] : familiesOf(tokenizer);
  const claims = families.map((family) => judgeClaim({ valLoss, valBpb, tokens: counted, family }));
  return claims.find((claim) => verdictOf(claim) === 'pass') ?? claims[0]!;
}

/** A size alone is no tokenizer: two of the known ones have 8,192 pieces. */
function familiesOf(tokenizer: string): readonly string[] {
  return /^8[,._ ]?192$/.test(tokenizer) ? ['sp8192', 'caseops-sp8192'] : [tokenizer];
}

/** @throws BPB_CLAIM_TOKENS */
function tokensOf(text: string): number {
  const dots = /^\d{1,3}(?:\.\d{3}){2,5}$/.test(text) ? text.replaceAll('.', '') : text;
  const bare = dots.replace(/(?<=\d)[,_ '](?=\d{3})/g, '');
  if (/^\d{1,16}(?:\.0*)?(?:e\+?\d{1,2})?$/i.test(bare)) return Number(bare);
  if (/^\d\.\d{1,15}e\+?\d{1,2}$/i.test(bare)) return Number(bare);
  const expected = 'the number of scored targets, such as 62021632';
  throw refuse('BPB_CLAIM_TOKENS', 'the token count is no number', expected, shown(text));
}

/** What a claim's verdict comes to: what nothing known explains is not judged. */
export function verdictOf({ verdict }: Claim): Judged {
  if (verdict === 'mistake' || verdict === 'other-set') return 'fail';
  return verdict === 'unknown' || verdict === 'ambiguous' ? 'not_judged' : 'pass';
}

/** As in `bpb-error/1`; `where` stands before the name of the field. */
export function refusalOf(error: BpbError, where?: string): Refusal {
  const { code, message, path, expected = null, actual = null, hint = null } = error;
  const field = path?.replace(/^--/, '').replace(/-/g, '_');
  const place = where === undefined ? path : [where, field].filter(Boolean).join(', ');
  return { code, message, path: place ?? null, expected, actual, hint };
}

function alone(valLoss: string, valBpb: string): BpbError {
  const found =
    valLoss === valBpb ? 'neither' : valLoss === '' ? 'val_bpb alone' : 'val_loss alone';
  return refuse(
    'BPB_CLAIM_ROW_PAIR',
    `${found} implies no denominator`,
    'val_loss and val_bpb of one evaluation',
    found,
    'Add the val_loss that the log prints beside the val_bpb.',
  );
}

function refuse(
  code: 'BPB_CLAIM_ROW' | 'BPB_CLAIM_ROW_PAIR' | 'BPB_CLAIM_TOKENS',
  message: string,
  expected: string | null,
  actual: string,
  hint?: string,
): BpbError {
  return inputError(code, { message, expected: expected ?? undefined, actual, hint });
}

function shown(text: string): string {
  return text.slice(0, 40);
}
