/**
 * Composition of an audit's report from its facts and findings.
 */

import type { AuditOptions } from '../evaluation/audit-options.js';
import type { SourceAudit } from '../submission/source/types.js';
import { harnessCommit, harnessVersion } from '../version.js';
import { type AuditFacts, byWeight } from './checks/check.js';
import { bytesOf, headlineBytes, targetsOf } from './gather.js';
import type { OpenedData } from './inputs.js';
import { effectOf } from './mistake-effects.js';
import { sourceFindings, sourceReport } from './source-findings.js';
import type { TextPass } from './text-pass.js';
import {
  type AuditBytes,
  type AuditReport,
  type Effect,
  type Finding,
  type SourceReport,
  type TextReport,
  TRAITS,
} from './types.js';

function textReport(facts: AuditFacts, data: OpenedData, pass: TextPass): TextReport {
  const { text } = pass;
  const by_kind = Object.fromEntries([...text.losses].map(([kind, { count }]) => [kind, count]));
  return {
    source: data.source?.path ?? null,
    sha256: data.source?.facts()?.sha256 ?? null,
    documents_sha256: pass.documentsSha256,
    documents: text.documents,
    tokens: text.tokens,
    unknown_tokens: text.unknown.tokens,
    lossy: { documents: [...text.losses.values()].reduce((n, l) => n + l.count, 0), by_kind },
    traits: Object.fromEntries(
      TRAITS.map((trait) => [trait, text.traits.get(trait)!.count]),
    ) as TextReport['traits'],
    byte_order_mark: facts.documents?.byteOrderMark ?? false,
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
    bytes_per_token: counted > 0 ? counted / targetsOf(text, facts.tokenizer) : null,
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

/** Results of the audit of a tokenizer and its data. */
export interface Audited {
  readonly facts: AuditFacts;
  readonly data: OpenedData;
  readonly pass: TextPass | null;
  readonly findings: readonly Finding[];
  readonly outcomes: AuditReport['checks'];
}

type DataPart = Pick<
  AuditReport,
  'tokenizer' | 'measured' | 'documents' | 'shards' | 'sidecar' | 'training' | 'totals'
>;

const NO_DATA: DataPart = {
  tokenizer: null,
  measured: null,
  documents: null,
  shards: null,
  sidecar: null,
  training: null,
  totals: null,
};

function dataPart({ facts, data, pass }: Audited): DataPart {
  const { sidecar, overlap } = facts;
  return {
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
            shared_tokens: overlap.shared.tokens,
          },
    totals: pass === null ? null : totalsOf(facts, data, pass),
  };
}

/** A script of which nothing was judged leaves nothing to pass, whatever else was audited with it. */
function verdictOf(
  findings: readonly Finding[],
  source: SourceReport | null,
): AuditReport['verdict'] {
  const worst = findings[0]?.severity;
  if (worst === 'fail') return 'fail';
  if (source?.judged === 0) return 'not_judged';
  return worst === undefined || worst === 'info' ? 'pass' : worst;
}

/** @param started `performance.now()` at the start */
export function composeReport(
  options: AuditOptions,
  audited: Audited | null,
  script: SourceAudit | null,
  started: number,
): AuditReport {
  const total = (performance.now() - started) / 1000;
  const bytes = audited?.pass?.text.bytes.decoded ?? null;
  const source = script === null ? null : sourceReport(script);
  const findings = byWeight([
    ...(audited?.findings ?? []),
    ...(script === null ? [] : sourceFindings(script)),
  ]);
  return {
    schema: 'bpb-audit/1',
    verdict: verdictOf(findings, source),
    findings,
    ...(audited === null ? NO_DATA : dataPart(audited)),
    source,
    mistakes: [...(audited?.facts.mistakes ?? [])],
    checks: audited?.outcomes ?? [],
    time: { total_s: total, bytes_per_s: bytes === null ? null : bytes / total },
    run: {
      harness: harnessVersion(),
      commit: harnessCommit(),
      command: options.command ?? null,
      date: new Date().toISOString(),
    },
  };
}
