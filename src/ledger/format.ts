/**
 * Format of the lines of a ledger file (docs/ledger.md): their fields and the hash chain.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';

export const LEDGER_FORMAT = 'bpb-ledger/1';

/** Limits of a check, which keeps one bit a target and a few words a document. */
const TOKENS_MAX = 2 ** 32 - 1;
export const DOCUMENTS_MAX = 2 ** 24;

/** Bytes of a line; an update that used more ranges is several lines. */
export const LINE_BYTES_MAX = 2 ** 20;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lowercase hexadecimal digits');
const nats = z.string().regex(/^(0|[1-9]\d{0,39})$/, 'expected a decimal integer from 0, as text');
const range = z.tuple([z.int().min(1), z.int().min(1)]).readonly();
const document = z
  .int()
  .min(0)
  .max(DOCUMENTS_MAX - 1);

const RESETS = ['none', 'document', 'never'] as const;

const headerLine = z.strictObject({
  ledger: z.literal(LEDGER_FORMAT),
  evaluator: z.string().max(200),
  tokens: z.int().min(2).max(TOKENS_MAX),
  documents: z.int().min(1).max(DOCUMENTS_MAX).nullable(),
  stream_sha256: sha256.nullable(),
  artifact: sha256.nullable(),
  reset: z.enum(RESETS),
  run: z.string().min(1).max(200).optional(),
});

const scoreLine = z.strictObject({
  score: range,
  document,
  nats_q30: nats,
  infinite: z.int().min(1).optional(),
});

const adaptLine = z.strictObject({
  adapt: z.array(range).min(1),
  document: document.nullable(),
});

const endLine = z.strictObject({
  end: z.literal(true),
  scored: z.int().min(0),
  skipped: z.int().min(0),
  nats_q30: nats,
  infinite: z.int().min(1).optional(),
});

const resultLine = z.strictObject({
  result: z.enum(['scored', 'withheld']),
  sha256: sha256.nullable(),
});

export type LedgerHeader = z.output<typeof headerLine>;
export type LedgerEnd = z.output<typeof endLine>;
/** What the run came to: `withheld` where there is no headline; the result's `run.sha256`, or null. */
export type LedgerResult = z.output<typeof resultLine>;
export type LedgerFields =
  | LedgerHeader
  | z.output<typeof scoreLine>
  | z.output<typeof adaptLine>
  | LedgerEnd
  | LedgerResult;

/** The member that names a line's kind, and what such a line must hold. */
const LINES = {
  ledger: headerLine,
  score: scoreLine,
  adapt: adaptLine,
  end: endLine,
  result: resultLine,
} as const;

/** The fields of a line, or what is wrong with them. */
export function parseFields(body: string): LedgerFields | { readonly problem: string } {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    return { problem: `it is not JSON: ${(error as Error).message}` };
  }
  const twofold = ambiguity(body, json);
  if (twofold !== null) return { problem: twofold };
  const kind = (Object.keys(LINES) as (keyof typeof LINES)[]).find(
    (name) => typeof json === 'object' && json !== null && Object.hasOwn(json, name),
  );
  if (kind === undefined) return { problem: 'it is no header, score, adapt, end or result' };
  const parsed = LINES[kind].safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.length === 0 ? '' : `\`${issue.path.map(String).join('.')}\`: `;
  return { problem: `a ${kind} line, ${field}${issue.message}` };
}

/** A text, maybe a member's name; the sign, point or exponent of a number. */
const AMBIGUOUS = /"(?:[^"\\]|\\.)*"(\s*:)?|-|\d[.eE]/g;

/**
 * What readers in other languages may read differently: a duplicate member, of which some keep the
 * first and some the last, and numbers that some read as fractions.
 */
function ambiguity(body: string, json: unknown): string | null {
  let members = 0;
  for (const [token, isName] of body.matchAll(AMBIGUOUS)) {
    if (isName !== undefined) members++;
    else if (!token.startsWith('"')) return 'a number is not written in digits alone';
  }
  // Lines hold no objects but themselves, so that every name in the text is one of its own.
  const own = typeof json === 'object' && json !== null ? Object.keys(json).length : members;
  return members > own ? 'a member stands twice, or within another one' : null;
}

/** What the first line's hash follows. */
export const CHAIN_START = '0'.repeat(64);

/** The hash of a line whose text without its hash is `body`. */
export function chainHash(previous: string, body: string): string {
  return hash('sha256', previous + body);
}

/** A line's text with its hash as the last member. */
export function withHash(body: string, lineHash: string): string {
  return `${body.slice(0, -1)},"hash":"${lineHash}"}`;
}

const HASH_MEMBER = /^,"hash":"[0-9a-f]{64}"\}$/;
const HASH_MEMBER_LENGTH = ',"hash":""}'.length + 64;

/** A line's text without its hash, and the hash; null where its end is not a hash. */
export function splitHash(text: string): { readonly body: string; readonly hash: string } | null {
  const member = text.slice(-HASH_MEMBER_LENGTH);
  if (!HASH_MEMBER.test(member)) return null;
  return { body: `${text.slice(0, -HASH_MEMBER_LENGTH)}}`, hash: member.slice(-66, -2) };
}

/** Which ledger a result belongs to. */
export interface LedgerReference {
  file: string;
  /** Name of the run that wrote it, as its header has it; null where it has none. */
  run: string | null;
  /** Hash of its end, which stands for all that was scored and adapted to. */
  hash: string;
}
