/** Evaluations in which the cheats run: texts, how rows are cut, and an honest model of them. */
import type { ScoreOptions } from '#bpb/evaluation/options';
import { byteModel, lookup } from '../helpers/byte-models.js';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import { normals, uniform } from '../helpers/models.js';
import { byteStream, seededTexts, VOCABULARY } from '../helpers/score-fixture.js';

type Evaluation = Pick<ScoreOptions, 'window' | 'seqLen' | 'stride' | 'batchTokens'>;

interface Setting {
  readonly texts: readonly string[];
  readonly evaluation: Evaluation;
}

/** Inputs of a row where a setting has short ones. */
export const SEQ_LEN = 64;
export const STRIDE = 16;
/** Rows of a batch that holds no more than `BATCH_TOKENS` inputs. */
export const BATCH_ROWS = 16;
export const BATCH_TOKENS = BATCH_ROWS * SEQ_LEN;

/** Half a thousand documents of up to 500 bytes: more than a thousand rows of 64. */
const TEXTS = seededTexts(530);

/** Rows of 64 in them, rounded down. */
export const CHUNK_ROWS = 1000;

/** Documents of 700 bytes and more, which are many chunks of 8. */
function longTexts(count: number, seed: number): string[] {
  return Array.from({ length: count }, (_, k) => {
    const next = uniform(seed + k);
    const words = ['a', 'b', ' ', 'é', '中', 'the ', '\n'];
    return Array.from({ length: 500 }, () => words[Math.floor(next() * words.length)]).join('');
  });
}
/** Too few for a control set, many enough for a batch. */
const LONG_TEXTS = longTexts(12, 900);

const rows = (evaluation: Evaluation): Setting => ({
  texts: TEXTS,
  evaluation: { batchTokens: BATCH_TOKENS, ...evaluation },
});

export const SETTINGS = {
  chunk: rows({ window: 'chunk', seqLen: SEQ_LEN }),
  long: rows({ window: 'chunk', seqLen: 8 * SEQ_LEN }),
  sliding: rows({ window: 'sliding', seqLen: SEQ_LEN, stride: STRIDE }),
  document: rows({ window: 'document', seqLen: 2 * SEQ_LEN }),
  /** Of artifacts that carry state, whose manifest says how they are cut. */
  stateful: { texts: LONG_TEXTS, evaluation: { batchTokens: BATCH_TOKENS } },
} satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

/** The token stream of a setting. */
export const idsOf = (name: SettingName): readonly number[] => byteStream(SETTINGS[name].texts);

/** Texts of the same kind, which no model here has learned from, nor any cheat holds. */
export const CONTROL_TEXTS = { short: seededTexts(300, 123), long: longTexts(12, 5000) };

/** Log of smoothed counts of each id after each id, `[VOCABULARY, VOCABULARY]`. */
export function learned(ids: readonly number[], smooth = 0.01): Float32Array {
  const table = new Float32Array(VOCABULARY ** 2).fill(smooth);
  for (let i = 1; i < ids.length; i++) table[ids[i - 1]! * VOCABULARY + ids[i]!]! += 1;
  return table.map(Math.log);
}

/** A model of these texts, learned from others of the kind: few alike logits, as a trained one has. */
const HONEST = (() => {
  const table = learned(byteStream(seededTexts(300, 99)));
  const jitter = normals(table.length, 31, 0.05);
  return table.map((value, k) => value + jitter[k]!);
})();

export const base = (g: GraphBuilder): string => lookup(g, HONEST);

export const honestModel = (): Uint8Array => byteModel(base);
