/**
 * Score identity and bit identity, by which scores are compared: hashes of named fields.
 */
import { createHash } from 'node:crypto';
import type { ClaimedResult, ScoreResult } from './result.js';

type Identified = Omit<ScoreResult, 'identity' | 'run'> & { run: { harness: string } };

/** What score identity is made of; a claim does not say its window. */
type Asked = Pick<Identified, 'data' | 'coverage' | 'tokenizer' | 'totals'> & {
  window: Identified['window'] | null;
};

/** The fields of score identity: the same question was asked. */
function scoreFields(result: Asked): Record<string, unknown> {
  return {
    shards: result.data.shards.map(({ sha256, tokens }) => ({ sha256, tokens })),
    sidecars: result.data.sidecars.map(({ sha256 }) => sha256),
    documents: result.data.documents?.sha256 ?? null,
    tokens: result.coverage.tokens,
    tokenizer: result.tokenizer.sha256,
    window: result.window,
    headline: result.totals.headline,
    ...documentStartFields(result),
  };
}

/** By default documents begin with BOS; then there is no field, so that old hashes stay valid. */
function documentStartFields({ tokenizer }: Asked): Record<string, unknown> {
  const { bos, document_start } = tokenizer;
  return bos !== null && bos === document_start ? {} : { documentStart: document_start };
}

/** The fields of bit identity: the same question, asked in the same way of the same thing. */
function bitFields(result: Identified): Record<string, unknown> {
  const { engine } = result;
  return {
    ...scoreFields(result),
    model: result.artifact.model_sha256,
    artifact: result.artifact.sha256,
    harness: result.run.harness,
    engine: engine.name,
    provider: engine.provider,
    device: engine.device,
    precision: engine.precision,
    instructionSet: engine.instruction_set,
    versions: engine.versions,
    threads: engine.threads,
    batchTokens: engine.batch_tokens,
    // On a GPU the shape of every batch, which an exhausted memory may have made smaller.
    batch: engine.provider === 'cpu' ? null : engine.batch,
    ...rewriteFields(result),
    ...portFields(result),
  };
}

/** A rewritten model gives other bits; without one there is no field, so that old hashes stay valid. */
function rewriteFields({ optimization }: Identified): Record<string, unknown> {
  if (optimization === null) return {};
  const { model_sha256: rewritten, adapt_sha256: rewrittenAdapt } = optimization;
  return { rewritten, ...(rewrittenAdapt ? { rewrittenAdapt } : {}) };
}

/** What inputs were given gives other bits; a plain model has no field, so that old hashes stay valid. */
function portFields({ engine }: Identified): Record<string, unknown> {
  const { inputs, logits_are: logitsAre } = engine;
  return {
    ...(Object.keys(inputs).length === 0 ? {} : { inputs }),
    ...(logitsAre === 'logits' ? {} : { logitsAre }),
  };
}

export function identityOf(result: Identified): ScoreResult['identity'] {
  return { score: hashJson(scoreFields(result)), bits: hashJson(bitFields(result)) };
}

/** A claim is known by its ledger and its nats. */
export function claimIdentityOf(
  result: Asked & Pick<ClaimedResult, 'ledger' | 'claim'>,
): ScoreResult['identity'] {
  const { ledger, claim } = result;
  const fields = { ...scoreFields(result), ledger: ledger.hash, targets: claim.targets.sha256 };
  return { score: hashJson(scoreFields(result)), bits: hashJson(fields) };
}

/** sha256 of JSON with sorted keys, so that the order of fields never matters. */
export function hashJson(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
