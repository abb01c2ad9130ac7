/**
 * Facts of an audit, put together for the checks.
 */
import { identify } from '../data/known-sets.js';
import type { AuditOptions } from '../evaluation/audit-options.js';
import { startIdOf } from '../tokenizer/document-start.js';
import type { Tokenizer } from '../tokenizer/types.js';
import type { AuditFacts, ClaimFacts } from './checks/check.js';
import type { TextFacts } from './collect.js';
import type { OpenedData, OpenedTokenizer } from './inputs.js';
import { effectOf, knownMistakes } from './mistake-effects.js';
import type { OverlapFacts } from './overlap.js';
import type { ShardFacts } from './shard-facts.js';
import { ceilingFindings } from './table-ceiling.js';
import type { TextPass } from './text-pass.js';
import type { AuditBytes } from './types.js';

/** Targets of the whole stream: every token but the first, start ids of later documents included. */
export function targetsOf({ tokens, documents }: TextFacts, tokenizer: Tokenizer): number {
  const startIds = startIdOf(tokenizer) === null ? 0 : documents;
  return Math.max(1, tokens + startIds - 1);
}

export function bytesOf({ text }: TextPass, data: OpenedData, hasTable: boolean): AuditBytes {
  const { bytes, withText, documents } = text;
  const whole = withText === documents;
  return {
    original: whole ? bytes.original : null,
    normalized: bytes.normalized,
    decoded: bytes.decoded,
    lut: bytes.lut,
    sidecar: data.sidecar?.facts.sum ?? null,
    claimed: hasTable ? bytes.claimed : null,
  };
}

/** By operators the table is no accounting: without a sidecar the decoded text has the bytes. */
export function headlineBytes(bytes: AuditBytes, hasOperators: boolean): number {
  return hasOperators ? (bytes.sidecar ?? bytes.decoded) : bytes.lut;
}

/** The right quotient, over all targets and over those of the usual windows. */
function claimFacts(
  bytesPerToken: number,
  bytes: number,
  text: TextFacts,
  tokenizer: Tokenizer,
  { shards }: OpenedData,
): ClaimFacts {
  const targets = targetsOf(text, tokenizer);
  const quotients = [bytes / targets];
  for (const tail of shards?.tails ?? []) {
    if (tail.targets > 0) quotients.push((bytes - tail.dropped_bytes) / tail.targets);
  }
  // Other windows drop other tails, and a printed figure is half a unit of its last digit away.
  const slack = 1e-4;
  const digits = String(bytesPerToken).split('.')[1]?.length ?? 0;
  const rounding = digits >= 2 ? 0.5 * 10 ** -digits : 0;
  const low = Math.min(...quotients) * (1 - slack) - rounding;
  const high = Math.max(...quotients) * (1 + slack) + rounding;
  return { bytesPerToken, targets, right: { low, high } };
}

/** A set that its tokens do not name may be named by its published bytes. */
function named(shards: ShardFacts, pass: TextPass | null): ShardFacts {
  if (shards.known_as !== null || pass === null) return shards;
  const { text } = pass;
  if (text.withText !== shards.documents || text.documents !== shards.documents) return shards;
  const { documents, tokens } = shards;
  return { ...shards, known_as: identify({ documents, tokens, bytes: text.bytes.original }) };
}

export function gatherFacts(
  options: AuditOptions,
  opened: OpenedTokenizer,
  data: OpenedData,
  pass: TextPass | null,
  overlap: OverlapFacts | null,
): AuditFacts {
  const { tokenizer } = opened;
  const rest = {
    ...opened,
    text: pass?.text ?? null,
    histogram: pass?.histogram ?? null,
    documents:
      data.source === null
        ? null
        : {
            source: data.source.path,
            byteOrderMark: data.source.facts()?.byteOrderMark ?? false,
          },
    shards: data.shards === null ? null : named(data.shards, pass),
    ceiling: pass === null ? null : ceilingFindings(opened, data, pass),
    sidecar: data.sidecar?.facts ?? null,
    data: data.findings,
    overlap,
  };
  if (pass === null) return { ...rest, mistakes: [], headlineEffect: null, claim: null };
  const bytes = bytesOf(pass, data, opened.table !== null);
  const headline = headlineBytes(bytes, tokenizer.hasCaseOperators);
  const { bytesPerToken } = options;
  return {
    ...rest,
    mistakes: knownMistakes(tokenizer, pass.histogram, headline, targetsOf(pass.text, tokenizer)),
    headlineEffect: bytes.original === null ? null : effectOf(headline, bytes.original),
    claim:
      bytesPerToken === undefined
        ? null
        : claimFacts(bytesPerToken, headline, pass.text, tokenizer, data),
  };
}
