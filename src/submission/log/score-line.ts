/**
 * Recognition of score lines: val_loss and val_bpb with their label and extras.
 */

/** A line that prints a val_loss with its val_bpb, or the running figures of an adaptive pass. */
export interface ScoreLine {
  /** 1-based. */
  readonly lineNumber: number;
  /** What stands before the figures, such as `final_int6_sliding_window_exact`. */
  readonly label: string;
  /**
   * Figures as printed, nats per target and bits per byte; `nan` and `inf` are kept as words. The loss is
   * empty on a line that prints a bpb alone.
   */
  readonly valLoss: string;
  readonly valBpb: string;
  /**
   * - `step`: validation during training
   * - `progress`: running figures over part of the documents
   * - `diagnostic`: of a model that is not the submitted one (before quantization)
   * - `final`: everything else
   */
  readonly role: 'step' | 'progress' | 'diagnostic' | 'final';
  /** Other `key:value` pairs on the line: eval_time, stride, T, eval_mode, … */
  readonly extras: Readonly<Record<string, string>>;
  /** The line, cleaned, at most 200 characters. */
  readonly text: string;
}

/** Behind it no letter and no further digits; a decimal comma is none between spaces. */
const FIGURE =
  '([+-]?(?:\\d{1,12}(?:[.]\\d{0,17}|,\\d{1,17}(?!\\d|[.,]\\d))?(?:[eE][+-]?\\d{1,3})?|nan|inf))(?!\\w|[.,]\\d)';
/** `val_loss`, or with a word before it: `ema_val_loss`. */
const SCORE = new RegExp(
  `(?<![\\w.])(?:(\\w{1,40})_)?val_(loss|bpb)\\s{0,4}[:=]\\s{0,4}${FIGURE}`,
  'gi',
);
const RUNNING_LOSS = new RegExp(`\\b(?:running_loss|rl)\\s{0,4}[:=]\\s{0,4}${FIGURE}`);
const RUNNING_BPB = new RegExp(`\\b(?:running_bpb|rb)\\s{0,4}[:=]\\s{0,4}${FIGURE}`);
const PAIR = /(?<![\w.])([A-Za-z_]\w{0,40})\s{0,2}[:=]\s{0,2}([^\s,()]{1,80})/g;

/** `step:200/20000`, `4000/20000`, `epoch 3/10`, also behind words that say nothing of an evaluation. */
const COUNTER =
  /(?:^|[\s[\])|:>-])(?:(?:step|iter|iteration|epoch|it)\s*[:=]?\s*)?\d+\s*\/\s*\d+\s*[\])]?\s*$/i;
const STEP = /^[[(]?(?:step|iter|iteration|epoch)\b|^\d+$/i;
/** `training step 300`, `global_step=100`, a progress bar, `best so far`: of a run that goes on. */
const RUNNING = /(?:step|iter|iteration|epoch)s?\s*[:=]?\s*\d|\d%\|.*\||\bso far\b/i;
/** A counter behind the figures: `val_loss:2.8 val_bpb:1.7 step:200/20000`. */
const STEP_BEHIND = /\b(?:step|iter|iteration|epoch)\s*[:=]\s*\d/i;
/** Words of a finished evaluation, which may name the step that it was made at. */
const FINISHED = /final|quantized|roundtrip|sliding|ttt/i;
/** A bpb and nothing else on the line: the last lines of a submission check. */
const BPB_ALONE = new RegExp(`^\\s*val_bpb\\s{0,4}[:=]\\s{0,20}${FIGURE}\\s*$`, 'i');
const DIAGNOSTIC = /\bdiagnostic\b|pre-?quant|post_ema/i;
/** More on one line are a table. */
const PAIRS_MAX = 16;
/** A source listing printed into the log: code, not a result. */
const CODE = /^\s*(?:#|\/\/)|["'`{}]|\bprint\(|\blog0?\(/;

/** A loss with its bpb, and the word before their names. */
interface Figures {
  readonly index: number;
  readonly word: string;
  readonly loss: string;
  readonly bpb: string;
}

/** The scores on this (cleaned) line: one pair as a rule, and each other one that it prints. */
export function parseScoreLines(line: string, lineNumber: number): ScoreLine[] {
  const running = runningFigures(line);
  const pairs = running === null ? figuresOf(line) : [running];
  const text = line.slice(0, 200);
  const [first] = pairs;
  if (first === undefined || CODE.test(withoutStamp(line.slice(0, first.index)))) return [];
  const label = labelBefore(line.slice(0, first.index));
  const role = running === null ? roleOf(label, line) : 'progress';
  const extras = extrasOf(line);
  return pairs.map(({ word, loss, bpb }) => ({
    lineNumber,
    label: [label, word].filter(Boolean).join(' '),
    valLoss: decimalOf(loss),
    valBpb: decimalOf(bpb),
    role: /^running/i.test(word) ? 'progress' : role,
    extras,
    text,
  }));
}

function runningFigures(line: string): Figures | null {
  const loss = RUNNING_LOSS.exec(line);
  const bpb = RUNNING_BPB.exec(line);
  if (loss === null || bpb === null) return null;
  return { index: Math.min(loss.index, bpb.index), word: '', loss: loss[1]!, bpb: bpb[1]! };
}

/** The pairs of one name, in order; a bpb without a loss of its own has the one before it. */
function figuresOf(line: string): Figures[] {
  if (!/val_bpb/i.test(line)) return [];
  const names = new Map<string, { index: number; loss: string[]; bpb: string[] }>();
  for (const { index, 1: word = '', 2: figure, 3: value } of line.matchAll(SCORE)) {
    const found = names.get(word) ?? { index, loss: [], bpb: [] };
    found[figure!.toLowerCase() === 'loss' ? 'loss' : 'bpb'].push(value!);
    names.set(word, found);
  }
  const pairs = [...names].flatMap(([word, { index, loss, bpb }]) =>
    loss.length === 0
      ? []
      : bpb.map((each, at) => ({ index, word, loss: loss[at] ?? loss.at(-1)!, bpb: each })),
  );
  const seen = new Set<string>();
  return pairs
    .filter(({ loss, bpb }) => !seen.has(`${loss} ${bpb}`) && seen.add(`${loss} ${bpb}`))
    .slice(0, PAIRS_MAX);
}

function decimalOf(figure: string): string {
  return figure.replace(',', '.');
}

/** Both figures are positive finite numbers: not nan, not inf, not a loss of 0. */
export function isScore(line: ScoreLine): boolean {
  return [line.valLoss, line.valBpb].every((figure) => {
    const value = Number(figure);
    return Number.isFinite(value) && value > 0;
  });
}

/** A line that prints a val_bpb and nothing else: a score whose loss stands on another line, or nowhere. */
export function parseLoneBpb(line: string, lineNumber: number): ScoreLine | null {
  const bpb = BPB_ALONE.exec(withoutStamp(line));
  if (bpb === null) return null;
  const text = line.slice(0, 200);
  const valBpb = decimalOf(bpb[1]!);
  return { lineNumber, label: 'val_bpb', valLoss: '', valBpb, role: 'final', extras: {}, text };
}

function roleOf(label: string, line: string): ScoreLine['role'] {
  if (STEP.test(label)) return 'step';
  if ((COUNTER.test(label) || RUNNING.test(label)) && !FINISHED.test(label)) return 'step';
  if (DIAGNOSTIC.test(label)) return 'diagnostic';
  return STEP_BEHIND.test(line) && !FINISHED.test(label) ? 'step' : 'final';
}

/** Without pairs such as `stride:64`, which are extras, and without time stamps and ranks. */
function labelBefore(prefix: string): string {
  const bare = withoutStamp(prefix);
  const words = trimmed(
    bare.replace(PAIR, (pair, key: string) =>
      /^(?:\w{0,20}_)?(?:step|iter|iteration|epoch|it|batch)$/i.test(key) ? pair : '',
    ),
  );
  // `ttt_sliding:done` is all that such a line is called by.
  return (words === '' ? trimmed(bare) : words).slice(0, 120);
}

function trimmed(label: string): string {
  return label.replace(/[\s:,(|-]+$/, '').trim();
}

/** What loggers put before a message, each kind with the space behind it. */
const STAMPS: readonly RegExp[] = [
  // [2026-04-01 12:00:00], [rank0]: but not [step 200], [200/20000]
  /^\s*\[(?!\s*(?:step|iter|epoch|\d+\s*\/))[^\]]{0,60}\]:?\s*/i,
  /^\s*\d{4}-\d\d-\d\d[T ][\d:.,+Z-]{4,24}\s+(?:-\s+)?/, // ISO 8601
  /^\s*\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?:?\s+(?:-\s+)?/, // the time of day
  /^\s*\d{9,13}(?:\.\d{1,9})?:?\s+/, // seconds or milliseconds since 1970
  /^\s*(?:DEBUG|INFO|WARNING|ERROR)(?::\w{0,40}:|:?\s+(?:-\s+)?)/, // a level
  /^\s*rank\s?\d{1,4}:\s+/i, // a rank
];

/** The line from its message on. */
function withoutStamp(line: string): string {
  let rest = line;
  // Loggers that wrap each other are few.
  for (let wrapped = 0; wrapped < 8; wrapped++) {
    const next = STAMPS.reduce((text, stamp) => text.replace(stamp, ''), rest);
    if (next === rest) break;
    rest = next;
  }
  return rest;
}

function extrasOf(line: string): Record<string, string> {
  // Without prototype: a log may name a pair "__proto__".
  const extras: Record<string, string> = Object.create(null);
  for (const [, key, value] of line.slice(0, 1000).matchAll(PAIR)) {
    if (!/^(?:val_loss|val_bpb|step)$/i.test(key!)) extras[key!] = value!;
  }
  return extras;
}
