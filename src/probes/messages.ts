/**
 * What crosses between the probes and the workers that hold a session: plain data only.
 */
import type { Adaptive } from '../artifact/adaptive.js';
import type { EngineChoice } from '../engine/create.js';
import type { EngineInfo, EngineOptions } from '../engine/types.js';
import { BpbError, type ErrorDetails } from '../errors.js';
import type { WindowOptions } from '../windows/options.js';
import type { ProbeRow } from './subject.js';

/** A session, and the evaluation that the artifact would be scored in. */
export interface SessionSetup {
  /** What the artifact carries from row to row; null where every row stands alone. */
  readonly adaptive: Adaptive | null;
  readonly engine: EngineChoice;
  readonly options: EngineOptions;
  readonly window: WindowOptions;
  readonly batchTokens: number;
}

export type SessionTask =
  | { readonly kind: 'open' }
  | { readonly kind: 'alone'; readonly rows: readonly ProbeRow[]; readonly frozen?: boolean }
  | { readonly kind: 'together'; readonly rows: readonly ProbeRow[] }
  | { readonly kind: 'stream'; readonly documents: readonly Int32Array[] };

/** For `open` no nats; for a stream one array, by target index. */
export interface SessionAnswer {
  readonly info: EngineInfo;
  readonly notes: readonly string[];
  readonly nats: Float32Array[];
}

/** Errors travel as data: structured cloning would strip a class of its fields. */
export type SessionReply = { readonly ok: SessionAnswer } | { readonly error: ErrorDetails };

export async function replyOf(work: () => Promise<SessionAnswer>): Promise<SessionReply> {
  try {
    return { ok: await work() };
  } catch (error) {
    if (error instanceof BpbError) return { error: error.toJSON() as unknown as ErrorDetails };
    throw error;
  }
}

export function answerOf(reply: SessionReply): SessionAnswer {
  if ('ok' in reply) return reply.ok;
  throw new BpbError(reply.error);
}
