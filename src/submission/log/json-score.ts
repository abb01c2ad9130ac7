/**
 * Scores that a log prints as JSON: an object on one line, or the two figures on lines of their own.
 */
import type { ScoreLine } from './score-line.js';

/** `"post_ttt_val_loss": 2.32843161,` on a line of its own. */
const MEMBER =
  /^\s*"(\w{0,60}?)val_(loss|bpb)"\s*:\s*([+-]?\d{1,12}(?:\.\d{1,17})?(?:[eE][+-]?\d{1,3})?)\s*,?\s*$/;
const PAIR_OF_LINE =
  /"(\w{0,60}?)val_(loss|bpb)"\s*:\s*([+-]?\d{1,12}(?:\.\d{1,17})?(?:[eE][+-]?\d{1,3})?)(?=\s*[,}])/g;
/** Longer objects are dumps of another kind. */
const OBJECT_CHARACTERS_MAX = 10_000;
/** Members of one printed object that may stand between its two figures. */
const LINES_APART = 4;

interface Member {
  readonly lineNumber: number;
  readonly label: string;
  readonly figure: 'loss' | 'bpb';
  readonly value: string;
}

/** Collects scores from the lines of one log, in order. */
export class JsonScores {
  private open: Member | null = null;

  /** The scores that end on this (cleaned) line. */
  take(line: string, lineNumber: number): ScoreLine[] {
    if (!line.includes('"')) return [];
    const member = MEMBER.exec(line);
    if (member !== null) return this.member(line, memberOf(member, lineNumber));
    return objectScores(line, lineNumber);
  }

  private member(line: string, member: Member): ScoreLine[] {
    const { open } = this;
    this.open = member;
    if (open === null || open.label !== member.label || open.figure === member.figure) return [];
    if (member.lineNumber - open.lineNumber > LINES_APART) return [];
    this.open = null;
    const [loss, bpb] = member.figure === 'bpb' ? [open, member] : [member, open];
    return [score(member.label, loss.value, bpb.value, line, member.lineNumber, false)];
  }
}

/** `{"step": 200, "val_loss": 2.8, "val_bpb": 1.7}` */
function objectScores(line: string, lineNumber: number): ScoreLine[] {
  const from = line.indexOf('{');
  const text = line.slice(from).trim();
  if (from < 0 || !text.endsWith('}') || text.length > OBJECT_CHARACTERS_MAX) return [];
  // An assignment or a call of a source listing, not a printed object.
  if (/[=(#]/.test(line.slice(0, from))) return [];
  const losses = new Map<string, string>();
  const bpbs = new Map<string, string>();
  for (const [, label = '', figure, value = ''] of text.matchAll(PAIR_OF_LINE)) {
    (figure === 'loss' ? losses : bpbs).set(label, value);
  }
  if (bpbs.size === 0 || !isJson(text)) return [];
  const step = /"(?:step|iter|iteration|epoch)"\s*:/.test(text) && !/"final/.test(text);
  return [...bpbs].flatMap(([label, bpb]) => {
    const loss = losses.get(label);
    return loss === undefined ? [] : [score(label, loss, bpb, line, lineNumber, step)];
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function memberOf([, label = '', figure, value = '']: RegExpExecArray, lineNumber: number): Member {
  return { lineNumber, label, figure: figure as Member['figure'], value };
}

function score(
  label: string,
  valLoss: string,
  valBpb: string,
  line: string,
  lineNumber: number,
  step: boolean,
): ScoreLine {
  const name = label.replace(/_+$/, '') || 'JSON';
  const diagnostic = /diagnostic|pre_?quant|post_ema/i.test(name);
  const role = step ? 'step' : diagnostic ? 'diagnostic' : 'final';
  return { lineNumber, label: name, valLoss, valBpb, role, extras: {}, text: line.slice(0, 200) };
}
