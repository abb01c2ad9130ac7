/**
 * Judges the shards that a preparation of data writes: whether they hold the documents' tokens, each once and in order,
 * and whether a sidecar beside them has the bytes of each.
 */
import { DOCUMENTS, TOKENS_MIN } from '../published-set.js';
import type { PartName } from '../source/report.js';
import { isText } from './judge-pieces.js';
import { count, type Judged } from './judge-types.js';
import type { Exported, SmallSet, Trial } from './types.js';
import { isOperator } from './vocabulary.js';

const WHOLE = 'Write every token of every validation document, also the rest of the last shard.';
/** A total of bytes that is off by more makes another score. */
const OFF_MAX = 1e-3;

interface Export extends Exported {
  readonly set: SmallSet;
}

export function exportsOf(trials: readonly Trial[]): Export[] {
  return trials.flatMap(({ exported, scores, set }) =>
    exported === undefined || scores.length > 0 ? [] : [{ ...exported, set }],
  );
}

export function judgeExports(trials: readonly Trial[]): Judged[] {
  return exportsOf(trials).flatMap((one) => [
    ...tokensOf(one),
    ...limitsOf(one),
    ...(one.sidecar === null ? [] : sidecarOf(one, one.sidecar)),
  ]);
}

/** What is said of a part that is right; null where the shards show nothing of it. */
export function exportWords(part: PartName, trials: readonly Trial[]): string | null {
  const one = exportsOf(trials).at(-1);
  if (one === undefined) return null;
  const { set, sidecar } = one;
  if (part === 'coverage') {
    return `the shards that are written hold each of ${count(set.ids.length)} tokens of the documents once, in order`;
  }
  if (sidecar === null) return null;
  if (part === 'sidecar') return 'the sidecar that is written has an entry for each token';
  return part === 'table'
    ? `the bytes of ${count(comparable(one).length)} tokens in the sidecar that is written are those of the rule`
    : null;
}

function tokensOf({ at, set, tokens, shard }: Export): Judged[] {
  const { ids } = set;
  const same = ids.findIndex((id, i) => tokens[i] !== id);
  if (same < 0 && tokens.length === ids.length) return [];
  const missing = ids.length - tokens.length;
  const words = `The shards that are written hold ${count(tokens.length)} of ${count(ids.length)} tokens of the documents`;
  // A prefix lacks the end alone: what did not fill a shard.
  const tail = same === tokens.length && missing > 0 && missing < shard;
  if (tail) {
    return [
      {
        at,
        check: 'tail-not-scored',
        severity: 'warn',
        explanation: `${words}: the rest that does not fill a shard is lost.`,
        remedy: WHOLE,
      },
    ];
  }
  const explanation =
    missing > 0
      ? `${words}: what is written differs from token ${count(same)} on.`
      : `What is written differs from the documents’ tokens from token ${count(same)} on.`;
  return [
    {
      at,
      check: missing > 0 ? 'truncated-set' : 'other-targets',
      severity: 'fail',
      explanation,
      remedy: WHOLE,
    },
  ];
}

/** Of a preparation that writes all of the small set, what would cut one of full size. */
function limitsOf({ at, limits, set, tokens }: Export): Judged[] {
  return (limits ?? []).flatMap(({ name, stated, tried, tokens: left }): Judged[] => {
    // With as many tokens as the setting says, it counts tokens; all else it counts is no more than documents are.
    if (stated >= (left <= tried ? TOKENS_MIN : DOCUMENTS)) return [];
    return [
      {
        at,
        check: 'truncated-set',
        severity: 'fail',
        explanation: `${name} = ${count(stated)} limits what is written: with ${count(tried)} instead the shards hold ${count(left)} of the ${count(tokens.length)} tokens of ${count(set.starts.length)} documents. The validation set has 50,000 documents (37 to 62 million tokens, by tokenizer).`,
        remedy: WHOLE,
      },
    ];
  });
}

function sidecarOf(one: Export, sidecar: readonly number[]): Judged[] {
  const { at, set, tokens } = one;
  if (sidecar.length !== tokens.length) {
    return [
      {
        at,
        check: 'sidecar-length',
        severity: 'fail',
        explanation: `The sidecar that is written has ${count(sidecar.length)} entries for ${count(tokens.length)} tokens: from the first one that is left out on, each token has the bytes of another.`,
        remedy: 'Write an entry for every token; that of a BOS is 0.',
      },
    ];
  }
  const positions = set.texts === undefined ? comparable(one) : [...set.ids.keys()];
  const written = set.texts === undefined ? sidecar : joined(sidecar, set);
  const wrong = positions.filter((p) => written[p] !== set.bytes[p]);
  if (wrong.length === 0) return [];
  const total = (of: readonly number[]) => positions.reduce((sum, p) => sum + of[p]!, 0);
  const off = total(written) / total(set.bytes) - 1;
  const first = wrong[0]!;
  const { piece } = set.pieces[set.ids[first]!]!;
  const operator = isOperator(set.pieces[set.ids[first - 1]!]!)
    ? ' behind a case operator, with it,'
    : '';
  return [
    {
      at,
      check: 'wrong-bytes',
      severity: Math.abs(off) > OFF_MAX ? 'fail' : 'warn',
      explanation: `The sidecar that is written has other bytes for ${count(wrong.length)} of ${count(positions.length)} tokens than the rule: "${piece}"${operator} has ${written[first]}, ${set.bytes[first]} is right.`,
      remedy: 'Count the UTF-8 bytes of the text that each token stands for.',
    },
  ];
}

/** Whether bytes are those of an operator or of what follows it is a choice: they are added to what follows. */
function joined(sidecar: readonly number[], { ids, pieces }: SmallSet): number[] {
  let held = 0;
  return sidecar.map((bytes, p) => {
    const operator = isOperator(pieces[ids[p]!]!);
    const own = operator ? 0 : bytes + held;
    held = operator ? held + bytes : 0;
    return own;
  });
}

/**
 * Positions of tokens whose bytes leave no choice: no encoder gives control pieces within a document, and what a ▁ after
 * the first character counts is the tokenizer's affair.
 */
function comparable({ set, tokens }: Export): number[] {
  const { ids, pieces, starts } = set;
  const begins = new Set(starts);
  return ids.flatMap((id, p) => {
    if (p === 0 || begins.has(p) || tokens[p] !== id) return [];
    const [own, before] = [pieces[id]!, pieces[ids[p - 1]!]!];
    const plain = isText(own) && !own.piece.slice(1).includes('▁');
    return plain && own.type !== 'user_defined' && (isText(before) || begins.has(p - 1)) ? [p] : [];
  });
}
