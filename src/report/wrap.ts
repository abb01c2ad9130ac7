/**
 * Line wrapping: reports fit a terminal, and 80 columns where there is none.
 *
 * Lines are broken at spaces, first where several set parts of a line apart; never inside a word, unless
 * it alone is longer than a line, and then at the end of a folder's name. A number keeps its unit.
 */
import type { Medium } from './reporter.js';

/** Where no terminal says how wide it is. */
const COLUMNS = 80;
/**
 * Stands in a line where those that follow it in its place begin; without one that is after its label.
 * A control character, which no name in a report has.
 */
export const HANG = '\u000b';
/**
 * Stands in a line before a command line to copy: where that is broken, a backslash ends each line but the
 * last, so that a shell reads one command. A control character, too.
 */
export const COMMAND = '\u000c';
/** Narrower than this, the terminal's own line breaks are easier to read. */
const MIN_COLUMNS = 40;
const CONTINUED = ' \\';
/** A word of a shell, spaces between quotes in it. */
const WORD = /(?:'[^']*'|\S)+/g;
/** A label with the spaces that set it apart from the text after it. */
const LABEL = /^\s*\S+(?: \S+)*\s{2,}(?=\S)/;
const NUMBER = /^[(±+−-]?\d[\d,.]*(e[+-]?\d+)?$/;
/** What belongs to the word after it and, but for the arrow, to the one before it. */
const ARROW = '→';
const SIGN = /^[±×→]$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
const COLOUR = /\u001b\[[0-9;]*m/g;
/** A colour, or a character. */
const TOKEN = new RegExp(`${COLOUR.source}|.`, 'gsu');
/** Characters of two columns on a terminal: East Asian scripts, full-width forms, pictographs. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Columns of a report on `medium`. */
export function columnsOf({ isTTY, columns }: Medium): number {
  return isTTY === true && columns !== undefined ? columns : COLUMNS;
}

/** `text` with its lines no longer than the terminal is wide. */
export function fitTerminal(text: string, medium: Medium): string {
  const columns = columnsOf(medium);
  if (columns < MIN_COLUMNS) return text.replaceAll(HANG, '').replaceAll(COMMAND, '');
  return text
    .split('\n')
    .flatMap((line) => {
      const command = commandLines(line, columns);
      if (command !== null) return command;
      const indent = hangingIndent(line, columns);
      return wrapLine(line.replace(HANG, '').replace(COMMAND, ''), columns, indent);
    })
    .join('\n');
}

/** A line with a command, continued between words; null without one, or where a word needs more than a line. */
function commandLines(line: string, columns: number): string[] | null {
  const [label = '', command] = line.split(COMMAND);
  if (command === undefined) return null;
  if (columnsUsed(label + command) <= columns) return [label + command];
  const indent = ' '.repeat(columnsUsed(label));
  const lines: string[] = [];
  let current = label;
  for (const [word] of command.matchAll(WORD)) {
    const begun = current !== label && current !== indent;
    const next = begun ? `${current} ${word}` : current + word;
    if (columnsUsed(next) + CONTINUED.length <= columns) {
      current = next;
      continue;
    }
    if (!begun || columnsUsed(indent + word) + CONTINUED.length > columns) return null;
    lines.push(current + CONTINUED);
    current = indent + word;
  }
  return [...lines, current];
}

/** A word, words that stay together, or a part of a line, with the spaces before it. */
interface Piece {
  readonly space: string;
  readonly text: string;
}

/** Lines of at most `width` columns; all but the first are indented by `indent`. */
export function wrapLine(line: string, width: number, indent: number): string[] {
  if (columnsUsed(line) <= width) return [line];
  const lines = new Lines(width, indent);
  for (const part of partsOf(line)) {
    if (lines.place(part)) continue;
    for (const unit of unitsOf(part)) {
      if (lines.place(unit)) continue;
      for (const word of wordsOf(unit)) if (!lines.place(word)) lines.cut(word);
    }
  }
  return lines.all;
}

class Lines {
  private readonly full: string[] = [];
  private current = '';

  constructor(
    private readonly width: number,
    private readonly indent: number,
  ) {}

  get all(): string[] {
    return [...this.full, this.current];
  }

  /** Puts a piece on the line, or on one of its own. @returns whether it fits there */
  place({ space, text }: Piece): boolean {
    if (columnsUsed(this.current + space + text) <= this.width) this.current += space + text;
    else if (this.begun(space) && this.indent + columnsUsed(text) <= this.width) this.next(text);
    else return false;
    return true;
  }

  /** Puts a word that is longer than a line on as many as it needs. */
  cut({ space, text }: Piece): void {
    if (this.begun(space)) this.next('');
    else this.current += space;
    let [head, tail] = cutWord(text, this.width - columnsUsed(this.current));
    for (this.current += head; tail !== ''; this.next(head)) {
      [head, tail] = cutWord(tail, this.width - this.indent);
    }
  }

  /** Whether there is more on the line than its label. */
  private begun(space: string): boolean {
    return this.current.trim() !== '' && columnsUsed(this.current + space) > this.indent;
  }

  private next(text: string): void {
    this.full.push(this.current);
    this.current = ' '.repeat(this.indent) + text;
  }
}

/** What several spaces set apart. */
function partsOf(line: string): Piece[] {
  return piecesOf(line, /(^\s*|\s{2,})(\S+(?:\s\S+)*)/g);
}

/** Words, each number with its unit and each sign with the words that it stands between. */
function unitsOf({ space, text }: Piece): Piece[] {
  const units: Piece[] = [];
  for (const word of piecesOf(space + text, /(\s*)(\S+)/g)) {
    const last = units.at(-1);
    if (last === undefined || !belongs(last.text, word.text)) units.push(word);
    else units[units.length - 1] = { ...last, text: last.text + word.space + word.text };
  }
  return units;
}

function wordsOf({ space, text }: Piece): Piece[] {
  return piecesOf(space + text, /(\s*)(\S+)/g);
}

function piecesOf(text: string, pattern: RegExp): Piece[] {
  return Array.from(text.matchAll(pattern), ([, space = '', piece = '']) => ({
    space,
    text: piece,
  }));
}

function belongs(before: string, word: string): boolean {
  const last = withoutColours(before).split(' ').at(-1)!;
  const plain = withoutColours(word);
  return NUMBER.test(last) || SIGN.test(last) || (SIGN.test(plain) && plain !== ARROW);
}

/** A word cut so that its beginning has at most `most` columns: behind a slash, else in no number. */
function cutWord(word: string, most: number): [head: string, tail: string] {
  if (columnsUsed(word) <= most) return [word, ''];
  let [end, slash, whole, used] = [0, 0, 0, 0];
  for (const [token] of word.matchAll(TOKEN)) {
    used += columnsUsed(token);
    if (used > most) break;
    end += token.length;
    if (/[\\/]/.test(token)) slash = end;
    const inNumber = /\d[,.]?$/.test(word.slice(0, end)) && /^[,.]?\d/.test(word.slice(end));
    if (!inNumber) whole = end;
  }
  const at = slash || whole || end || word.length;
  return [word.slice(0, at), word.slice(at)];
}

/** Below what stands after the mark or after a label, where that leaves half of the width. */
function hangingIndent(line: string, columns: number): number {
  const plain = withoutColours(line);
  const mark = plain.indexOf(HANG);
  const label = mark >= 0 ? mark : (LABEL.exec(plain)?.[0].length ?? Number.POSITIVE_INFINITY);
  return label <= columns / 2 ? label : Math.max(0, plain.search(/\S/)) + 2;
}

/** Columns that a terminal shows `text` in. */
function columnsUsed(text: string): number {
  const plain = withoutColours(text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is tested for
  if (/^[\u0000-\u007f]*$/.test(plain)) return plain.length;
  return [...plain].reduce(
    (sum, character) => sum + (/^\p{M}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1),
    0,
  );
}

function withoutColours(text: string): string {
  return text.replace(COLOUR, '');
}
