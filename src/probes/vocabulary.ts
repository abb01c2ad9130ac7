/**
 * Probe: are the logits as wide as the tokenizer, and can every id that a text may hold be predicted?
 */
import { BpbError } from '../errors.js';
import { type Outcome, type Probe, type ProbeContext, tokensFor } from './context.js';
import { coveringRows, isImpossible, ruledOut } from './coverage.js';
import type { ProbeRow, Subject } from './subject.js';
import type { Tokens } from './tokens.js';

/** Ids that are tried again, and in how many contexts. */
const IDS = 32;
const CONTEXTS = 48;

/** Logits a position; null where they are wide enough and the graph does not fix the width. */
export async function findWidth(subject: Subject, pieces: number): Promise<number | null> {
  if (subject.info.vocabulary !== null) return subject.info.vocabulary;
  const row = { tokens: new Int32Array(2), targets: Int32Array.of(pieces - 1) };
  try {
    await subject.nats([row]);
    return null;
  } catch (error) {
    if (!(error instanceof BpbError) || error.code !== 'BPB_MODEL_VOCABULARY') throw error;
    return Number(error.actual);
  }
}

async function run(context: ProbeContext): Promise<Outcome> {
  const { subject, tokenizer, width } = context;
  const pieces = tokenizer.pieces.length;
  const missing = Math.max(0, pieces - (width ?? pieces));
  if (missing > 0) {
    const note = `${width} logits for ${pieces} ids: those from ${width} on cannot be predicted`;
    return { effect: missing, unit: 'ids', tolerance: 0, verdict: 'fail', note };
  }
  const tokens = tokensFor(context, 'vocabulary');
  const rows = coveringRows(tokens, subject, context.effort.ids);
  const suspects = ruledOut(rows, await subject.nats(rows));
  const possible = suspects.filter((id) => !isImpossible(tokenizer, id)).slice(0, IDS);
  const unreachable: number[] = [];
  for (const id of possible) {
    const nats = await subject.nats(contexts(tokens, id, subject.rowInputs));
    if (nats.every((own) => own.every((value) => value === Number.POSITIVE_INFINITY))) {
      unreachable.push(id);
    }
  }
  const wider =
    width !== null && width > pieces ? `${width - pieces} logits beyond the tokenizer` : null;
  const named = unreachable
    .slice(0, 5)
    .map((id) => `${id} ${JSON.stringify(tokenizer.pieces[id]!.text)}`);
  return {
    effect: unreachable.length,
    unit: 'ids',
    tolerance: 0,
    verdict: unreachable.length === 0 ? 'pass' : 'fail',
    note:
      unreachable.length === 0
        ? wider
        : `probability zero wherever tried: ${named.join(', ')}${unreachable.length > 5 ? ', …' : ''}`,
  };
}

/** The id after BOS and one token, for many tokens, and at a place of the data. */
function contexts(tokens: Tokens, id: number, inputs: number): ProbeRow[] {
  const rows: ProbeRow[] = Array.from({ length: CONTEXTS }, () =>
    inputs < 2
      ? { tokens: Int32Array.of(tokens.id(), id) }
      : { tokens: Int32Array.of(tokens.startId, tokens.id(), id), targets: Int32Array.of(id, id) },
  );
  const ids = tokens.stream?.ids;
  const at = ids?.indexOf(id, 1) ?? -1;
  if (ids !== undefined && at > 0) {
    const before = Int32Array.from(ids.subarray(Math.max(0, at - Math.min(inputs, 32)), at + 1));
    rows.push({ tokens: before, targets: new Int32Array(before.length - 1).fill(id) });
  }
  return rows;
}

export const vocabulary: Probe = {
  name: 'vocabulary',
  what: 'held the logits’ width against the tokenizer, and looked for ids that are never given a probability',
  run,
};
