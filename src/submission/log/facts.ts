/**
 * Facts that a training log states besides its scores: data, tokenizer, windows, sizes.
 */

interface SizeLine {
  readonly lineNumber: number;
  /** Text before the number, such as `Total submission size int8+zlib`. */
  readonly label: string;
  /** What the number counts. */
  readonly kind: 'total' | 'model' | 'code';
  /** True where the label names a compression, so the figure is that of the artifact. */
  readonly packed: boolean;
  readonly bytes: number;
}

/** Each null where the log does not say; the last statement wins. */
export interface LogFacts {
  /** Scored targets of the validation set, as the loader counts them (usable, without the tail). */
  valTokens: number | null;
  trainShards: number | null;
  trainSeqLen: number | null;
  evalSeqLen: number | null;
  stride: number | null;
  vocabSize: number | null;
  worldSize: number | null;
  seed: number | null;
  /** Documents that an adaptive pass says it covers. */
  documents: number | null;
  tokenizerKind: string | null;
  tokenizerPath: string | null;
  /** Where the shards lie: the loader's pattern, `datasets_dir`, or `data_path`. */
  dataPath: string | null;
  /** The log says that bytes come from a sidecar. */
  sidecar: boolean;
  /** Line of `final_eval_mode:sliding_window`, and what it says. */
  evalMode: string | null;
  sizes: SizeLine[];
}

export function emptyFacts(): LogFacts {
  return {
    valTokens: null,
    trainShards: null,
    trainSeqLen: null,
    evalSeqLen: null,
    stride: null,
    vocabSize: null,
    worldSize: null,
    seed: null,
    documents: null,
    tokenizerKind: null,
    tokenizerPath: null,
    dataPath: null,
    sidecar: false,
    evalMode: null,
    sizes: [],
  };
}

type NumberFact =
  | 'trainShards'
  | 'trainSeqLen'
  | 'evalSeqLen'
  | 'stride'
  | 'vocabSize'
  | 'worldSize'
  | 'seed';

const NUMBERS: Readonly<Record<string, NumberFact>> = {
  train_shards: 'trainShards',
  train_seq_len: 'trainSeqLen',
  eval_seq_len: 'evalSeqLen',
  stride: 'stride',
  eval_stride: 'stride',
  sliding_eval_stride: 'stride',
  vocab_size: 'vocabSize',
  world_size: 'worldSize',
  seed: 'seed',
};

const KEY_VALUE = /(?<![\w.])([a-z_]{3,32})\s{0,2}[:=]\s{0,2}([^\s,]{1,300})/g;
const SIZE =
  /^\s*((?:Total submission size|Serialized model|Code size)[^:]{0,60}):\s*([\d,_]{1,15})\s*bytes/i;
const BUDGET = /\bbudget:(\d{1,12})\/\d+/;
const CODE_BYTES = /\bcode:(\d{1,12})\b/;
/** At most this many size lines are kept; real logs have fewer than ten. */
const SIZES_MAX = 1000;

/** Adds what this (cleaned) line states. */
export function collectFacts(facts: LogFacts, line: string, lineNumber: number): void {
  collectSizes(facts, line, lineNumber);
  if (/byte_sidecar:enabled/.test(line)) facts.sidecar = true;
  for (const [, key, value] of line.matchAll(KEY_VALUE)) collectPair(facts, line, key!, value!);
  const documents = /\b(?:total_docs|ttt_lora:docs):(\d{1,9})\b/.exec(line);
  if (documents !== null) facts.documents = Number(documents[1]);
}

function collectPair(facts: LogFacts, line: string, key: string, value: string): void {
  const fact = NUMBERS[key];
  if (fact !== undefined && Object.hasOwn(NUMBERS, key)) {
    if (/^\d{1,9}$/.test(value)) facts[fact] = Number(value);
  } else if (key === 'val_tokens' || (key === 'tokens' && /val_loader/.test(line))) {
    if (/^\d{1,13}$/.test(value)) facts.valTokens = Number(value);
  } else if (key === 'tokenizer_kind') facts.tokenizerKind = value;
  else if (key === 'tokenizer_path') facts.tokenizerPath = value;
  else if (key === 'pattern' || key === 'datasets_dir' || key === 'data_path') {
    facts.dataPath = value;
  } else if (key === 'final_eval_mode') facts.evalMode = value;
}

function collectSizes(facts: LogFacts, line: string, lineNumber: number): void {
  if (facts.sizes.length >= SIZES_MAX) return;
  const size = SIZE.exec(line);
  if (size !== null) {
    const label = size[1]!.trim();
    const kind = /^total/i.test(label) ? 'total' : /^code/i.test(label) ? 'code' : 'model';
    const packed = /\+|zlib|zstd|lzma|brotli|quantized|int\d|compressed\)/i.test(label);
    const uncompressed = /uncompressed/i.test(label);
    const bytes = Number(size[2]!.replace(/[,_]/g, ''));
    facts.sizes.push({ lineNumber, label, kind, packed: packed && !uncompressed, bytes });
  }
  const budget = BUDGET.exec(line);
  if (budget !== null) {
    const bytes = Number(budget[1]);
    facts.sizes.push({ lineNumber, label: 'budget', kind: 'total', packed: true, bytes });
  }
  const code = /^artifact:/.test(line) ? CODE_BYTES.exec(line) : null;
  if (code !== null) {
    const bytes = Number(code[1]);
    facts.sizes.push({ lineNumber, label: 'code', kind: 'code', packed: false, bytes });
  }
}
