/**
 * Recognition of score lines: val_loss and val_bpb with their label and extras.
 */

/** A line that prints a val_loss with its val_bpb, or the running figures of an adaptive pass. */
export interface ScoreLine {
  /** 1-based. */
  readonly lineNumber: number;
  /** What stands before the figures, such as `final_int6_sliding_window_exact`. */
  readonly label: string;
  /** Figures as printed, nats per target and bits per byte; `nan` and `inf` are kept as words. */
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

const FIGURE = '([+-]?(?:\\d{1,12}(?:\\.\\d{0,17})?(?:[eE][+-]?\\d{1,3})?|nan|inf))(?![\\w.])';
const VAL_LOSS = new RegExp(`\\bval_loss\\s{0,4}[:=]\\s{0,4}${FIGURE}`, 'i');
const VAL_BPB = new RegExp(`\\bval_bpb\\s{0,4}[:=]\\s{0,4}${FIGURE}`, 'i');
const RUNNING_LOSS = new RegExp(`\\b(?:running_loss|rl)\\s{0,4}[:=]\\s{0,4}${FIGURE}`);
const RUNNING_BPB = new RegExp(`\\b(?:running_bpb|rb)\\s{0,4}[:=]\\s{0,4}${FIGURE}`);
const PAIR = /(?<![\w.])([A-Za-z_]\w{0,40})\s{0,2}[:=]\s{0,2}([^\s,()]{1,80})/g;

/** `step:200/20000`, `4000/20000`, with the words that some logs put before them. */
const STEP = /^(?:step\s*[:=]?\s*)?\d+\s*\/\s*\d+\s*$|^step\b/i;
const DIAGNOSTIC = /\bdiagnostic\b|pre-?quant|post_ema/i;
/** A source listing printed into the log: code, not a result. */
const CODE = /^\s*#|["'`{}]|\bprint\(|\blog0?\(/;

/** The score on this (cleaned) line, or null. */
export function parseScoreLine(line: string, lineNumber: number): ScoreLine | null {
  const text = line.slice(0, 200);
  const progress = RUNNING_LOSS.exec(line);
  const loss = VAL_LOSS.exec(line) ?? progress;
  const bpb = VAL_BPB.exec(line) ?? (progress === null ? null : RUNNING_BPB.exec(line));
  if (loss === null || bpb === null) return null;
  const label = labelBefore(line.slice(0, Math.min(loss.index, bpb.index)));
  if (CODE.test(label)) return null;
  return {
    lineNumber,
    label,
    valLoss: loss[1]!,
    valBpb: bpb[1]!,
    role: loss === progress ? 'progress' : roleOf(label),
    extras: extrasOf(line),
    text,
  };
}

/** Both figures are positive finite numbers: not nan, not inf, not a loss of 0. */
export function isScore(line: ScoreLine): boolean {
  return [line.valLoss, line.valBpb].every((figure) => {
    const value = Number(figure);
    return Number.isFinite(value) && value > 0;
  });
}

function roleOf(label: string): ScoreLine['role'] {
  if (STEP.test(label)) return 'step';
  return DIAGNOSTIC.test(label) ? 'diagnostic' : 'final';
}

/** Without pairs such as `stride:64`, which are extras, and without time stamps and ranks. */
function labelBefore(prefix: string): string {
  return prefix
    .replace(/^\s*(?:\[[^\]]{0,40}\]:?\s*)+/, '')
    .replace(/^\d{4}-\d\d-\d\d[T ][\d:.,+Z-]{4,20}\s+(?:-\s+)?/, '')
    .replace(PAIR, (pair, key: string) => (/^(?:step|batch)$/i.test(key) ? pair : ''))
    .replace(/[\s:,(|-]+$/, '')
    .trim()
    .slice(0, 120);
}

function extrasOf(line: string): Record<string, string> {
  // Without prototype: a log may name a pair "__proto__".
  const extras: Record<string, string> = Object.create(null);
  for (const [, key, value] of line.slice(0, 1000).matchAll(PAIR)) {
    if (!/^(?:val_loss|val_bpb|step)$/i.test(key!)) extras[key!] = value!;
  }
  return extras;
}
