/**
 * Puts the facts of an audit together, for the checks and for the report.
 */
import { harnessCommit, harnessVersion } from '../version.js';
import type { AuditFacts, ClaimFacts } from './checks/check.js';
import type { TextFacts } from './collect.js';
import type { OpenedData, OpenedTokenizer } from './inputs.js';
import { effectOf, knownMistakes } from './mistakes.js';
import type { AuditOptions } from './options.js';
import type { OverlapFacts } from './overlap.js';
import type { TextPass } from './text-pass.js';
import {
  type AuditBytes,
  type AuditReport,
  type Effect,
  type Finding,
  type TextReport,
  TRAITS,
} from './types.js';

/** Targets of the whole stream: every token but the first, BOS of later documents included. */
const targetsOf = (text: TextFacts) => Math.max(1, text.tokens + text.documents - 1);

function bytesOf({ text }: TextPass, data: OpenedData, hasTable: boolean): AuditBytes {
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
function headlineBytes(bytes: AuditBytes, caseOperators: boolean): number {
  return caseOperators ? (bytes.sidecar ?? bytes.decoded) : bytes.lut;
}

/** The right quotient, over all targets and over those of the usual windows. */
function claimFacts(
  bytesPerToken: number,
  bytes: number,
  text: TextFacts,
  { shards }: OpenedData,
): ClaimFacts {
  const targets = targetsOf(text);
  const quotients = [bytes / targets];
  for (const tail of shards?.tails ?? []) {
    if (tail.targets > 0) quotients.push((bytes - tail.droppedBytes) / tail.targets);
  }
  // Printed figures are rounded, and other windows drop other tails.
  const slack = 1e-4;
  const low = Math.min(...quotients) * (1 - slack);
  return { bytesPerToken, targets, right: { low, high: Math.max(...quotients) * (1 + slack) } };
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
    shards: data.shards,
    sidecar: data.sidecar?.facts ?? null,
    overlap,
  };
  if (pass === null) return { ...rest, mistakes: [], headlineEffect: null, claim: null };
  const bytes = bytesOf(pass, data, opened.table !== null);
  const headline = headlineBytes(bytes, tokenizer.hasCaseOperators);
  const { bytesPerToken } = options;
  return {
    ...rest,
    mistakes: knownMistakes(tokenizer, pass.histogram, headline, targetsOf(pass.text)),
    headlineEffect: bytes.original === null ? null : effectOf(headline, bytes.original),
    claim:
      bytesPerToken === undefined ? null : claimFacts(bytesPerToken, headline, pass.text, data),
  };
}

function textReport(facts: AuditFacts, data: OpenedData, pass: TextPass): TextReport {
  const { text } = pass;
  const byKind = Object.fromEntries([...text.losses].map(([kind, { count }]) => [kind, count]));
  return {
    source: data.source?.path ?? null,
    sha256: data.source?.facts()?.sha256 ?? null,
    documentsSha256: pass.documentsSha256,
    documents: text.documents,
    tokens: text.tokens,
    unknownTokens: text.unknown.tokens,
    lossy: { documents: [...text.losses.values()].reduce((n, l) => n + l.count, 0), byKind },
    traits: Object.fromEntries(
      TRAITS.map((trait) => [trait, text.traits.get(trait)!.count]),
    ) as TextReport['traits'],
    byteOrderMark: facts.documents?.byteOrderMark ?? false,
  };
}

function totalsOf(facts: AuditFacts, data: OpenedData, pass: TextPass): AuditReport['totals'] {
  const bytes = bytesOf(pass, data, facts.table !== null);
  const { text } = pass;
  const headline = facts.tokenizer.hasCaseOperators ? 'sidecar' : 'lut';
  const effects: Partial<Record<keyof AuditBytes, Effect>> = {};
  for (const name of ['normalized', 'decoded', 'lut', 'sidecar', 'claimed'] as const) {
    const counted = bytes[name];
    const effect =
      counted === null || bytes.original === null ? null : effectOf(counted, bytes.original);
    if (effect !== null) effects[name] = effect;
  }
  const counted = headlineBytes(bytes, headline === 'sidecar');
  return {
    documents: text.documents,
    tokens: text.tokens,
    bytes,
    headline,
    effects,
    bytesPerToken: counted > 0 ? counted / targetsOf(text) : null,
  };
}

function shardReport({ shards, text }: AuditFacts): AuditReport['shards'] {
  if (shards === null) return null;
  const { lowIds: _, lutBytes: __, ...report } = shards;
  const equal = text?.matches.get('equal')?.count ?? 0;
  let all = 0;
  for (const { count } of text?.matches.values() ?? []) all += count;
  return { ...report, retokenized: { equal, different: all - equal } };
}

export interface Audited {
  readonly facts: AuditFacts;
  readonly data: OpenedData;
  readonly pass: TextPass | null;
  readonly findings: Finding[];
  readonly outcomes: AuditReport['checks'];
  /** `performance.now()` at the start. */
  readonly started: number;
}

export function composeReport(options: AuditOptions, audited: Audited): AuditReport {
  const { facts, data, pass, findings, outcomes, started } = audited;
  const { sidecar, overlap } = facts;
  const total = (performance.now() - started) / 1000;
  const bytes = pass === null ? null : pass.text.bytes.decoded;
  const worst = findings[0]?.severity;
  return {
    schema: 'bpb-audit/1',
    verdict: worst === undefined || worst === 'info' ? 'pass' : worst,
    findings,
    tokenizer: facts.vocabulary,
    measured: facts.measured,
    documents: pass === null ? null : textReport(facts, data, pass),
    shards: shardReport(facts),
    sidecar:
      sidecar === null
        ? null
        : {
            files: [...sidecar.files],
            entries: sidecar.entries,
            sum: sidecar.sum,
            confirmed: sidecar.compared > 0 && sidecar.exceeds.count === 0,
          },
    training:
      overlap === null
        ? null
        : {
            shards: overlap.shards,
            documents: overlap.documents,
            shared: overlap.shared.count,
            sharedTokens: overlap.shared.tokens,
          },
    totals: pass === null ? null : totalsOf(facts, data, pass),
    mistakes: [...facts.mistakes],
    checks: outcomes,
    time: { total_s: total, bytes_per_s: bytes === null ? null : bytes / total },
    run: {
      harness: harnessVersion(),
      commit: harnessCommit(),
      command: options.command ?? null,
      date: new Date().toISOString(),
    },
  };
}
