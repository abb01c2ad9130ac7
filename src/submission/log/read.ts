/**
 * Reader of training logs: every score line, the finals, and the stated facts.
 *
 * Logs are the least disciplined input there is: ANSI colours, CRLF, progress bars, source
 * listings, binary junk. Nothing of that is an error; only a log without any score is refused.
 */
import { inputError } from '../../errors.js';
import { collectFacts, emptyFacts, type LogFacts } from './facts.js';
import { JsonScores } from './json-score.js';
import { readInputBytes } from './read-bytes.js';
import { parseLoneBpb, parseScoreLines, type ScoreLine } from './score-line.js';

export interface TrainingLog {
  /** File, or what the caller named the text. */
  readonly path: string;
  /** Every score line, in order. */
  readonly lines: readonly ScoreLine[];
  /** The lines that report a finished evaluation, diagnostics among them. */
  readonly finals: readonly ScoreLine[];
  readonly facts: Readonly<LogFacts>;
  /** Lines of which only the first characters were looked at. */
  readonly longLines: number;
}

/** Score and fact lines are short; what lies beyond is a dump. */
const LINE_CHARACTERS_MAX = 65_536;
/** Score lines that are kept: more than any run could print in its ten minutes. */
const SCORES_MAX = 100_000;
/** All published logs together have 548. */
const FINALS_MAX = 2000;

const ESCAPE = String.fromCharCode(27);
/** Colours, cursor movements and titles (ECMA-48 control sequences). */
const ANSI = new RegExp(
  `${ESCAPE}(?:\\[[0-9;?]{0,20}[ -/]{0,4}[@-~]|\\][^\\u0007${ESCAPE}]{0,200}\\u0007?|[@-Z\\\\-_])`,
  'g',
);
/** Control and invisible format characters but the tab: nothing that a label can hide in. */
const CONTROL = /(?!\t)[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/**
 * @throws BPB_LOG_MISSING, BPB_LOG_TOO_LARGE, BPB_LOG_NO_SCORE (exit 3)
 */
export async function readLog(path: string): Promise<TrainingLog> {
  return parseLog(await readInputBytes(path), path);
}

/**
 * As `readLog`, of text or bytes in memory; invalid UTF-8 is read with replacement characters,
 * a UTF-16 byte order mark (a Windows shell's redirection) is honoured.
 */
export function parseLog(log: string | Uint8Array, path = 'log'): TrainingLog {
  const text = typeof log === 'string' ? log : decodeText(log);
  const facts = emptyFacts();
  const lines: ScoreLine[] = [];
  const lone: ScoreLine[] = [];
  const json = new JsonScores();
  let longLines = 0;
  let lineNumber = 0;
  for (let start = 0; start < text.length; ) {
    const feed = text.indexOf('\n', start);
    const end = feed === -1 ? text.length : feed;
    lineNumber++;
    if (end - start > LINE_CHARACTERS_MAX) longLines++;
    // A progress bar writes over one line with carriage returns: each state is a line of its own.
    for (const part of text.slice(start, Math.min(end, start + LINE_CHARACTERS_MAX)).split('\r')) {
      if (part === '') continue;
      const clean = part.replace(ANSI, '').replace(CONTROL, '');
      collectFacts(facts, clean, lineNumber);
      if (lines.length + lone.length >= SCORES_MAX) continue;
      const scores = parseScoreLines(clean, lineNumber);
      if (scores.length > 0) lines.push(...scores);
      else lines.push(...json.take(clean, lineNumber));
      const bpb = parseLoneBpb(clean, lineNumber);
      if (bpb !== null) lone.push(bpb);
    }
    start = end + 1;
  }
  if (lines.length === 0) throw noScore(path, lineNumber);
  // A bpb alone implies nothing: it is listed beside the scores of a log, and makes none of a text.
  const all = [...lines, ...lone].sort((a, b) => a.lineNumber - b.lineNumber);
  const finals = all.filter(({ role }) => role === 'final' || role === 'diagnostic');
  if (finals.length > FINALS_MAX) throw tooManyFinals(path, finals.length);
  return { path, lines, finals, facts, longLines };
}

/** UTF-8, or what a byte order mark says; what is neither has replacement characters. */
export function decodeText(bytes: Uint8Array): string {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}

function tooManyFinals(path: string, count: number): Error {
  return inputError('BPB_LOG_TOO_LARGE', {
    message: 'the log has too many final scores',
    path,
    expected: `at most ${FINALS_MAX} lines of finished evaluations`,
    actual: `${count} of them`,
    hint: 'Give the log of one run; scores of many runs are a table: CSV with val_loss and val_bpb.',
  });
}

function noScore(path: string, lines: number): Error {
  return inputError('BPB_LOG_NO_SCORE', {
    message: 'the log has no score line',
    path,
    expected:
      'a line such as "final_int8_zlib_roundtrip_exact val_loss:2.07269931 val_bpb:1.22436570"',
    actual: `${lines} lines, none with a val_loss and a val_bpb`,
    hint: 'Give the log of the run itself; to judge a pair of figures use --val-loss and --val-bpb.',
  });
}
