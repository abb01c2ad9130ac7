/**
 * Options that neither the caller nor the artifact gives, asked for in one error.
 */
import type { Artifact } from '../../artifact/load.js';
import { type ErrorCode, usageError } from '../../errors.js';
import type { Rules } from '../../rules/schema.js';
import { WINDOW_MODES } from '../../windows/options.js';
import { DATA_EXPECTED, namesData } from '../open-data.js';
import type { ScoreOptions, TokenOptions } from '../options.js';
import { windowRequest } from '../window.js';

/** An option that is missing, with the error where it is the only one. */
interface MissingOption {
  readonly flag: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly expected: string;
  readonly actual: string;
}

const DATA: MissingOption = {
  flag: '--data',
  code: 'BPB_USAGE_DATA',
  message: 'there is nothing to score',
  expected: DATA_EXPECTED,
  actual: 'neither, and the artifact names no data set',
};

const TOKENIZER: MissingOption = {
  flag: '--tokenizer',
  code: 'BPB_USAGE_TOKENIZER',
  message: 'the artifact does not say which tokenizer it speaks',
  expected: 'a SentencePiece .model, or byte260',
  actual: 'none',
};

/** The same where there is no artifact that could say it. */
const OF_TOKENS = {
  tokenizer: { ...TOKENIZER, message: 'a claimed score does not say which tokenizer it speaks' },
  data: { ...DATA, actual: 'neither' },
};

/** @throws BPB_USAGE_TOKENIZER, BPB_USAGE_WINDOW, BPB_USAGE_STRIDE, BPB_USAGE_DATA; or
 * BPB_USAGE_MISSING for options that have different codes */
export function requireModelOptions(
  options: ScoreOptions,
  artifact: Pick<Artifact, 'tokenizer' | 'evaluation'>,
  rules: Rules | null,
  dataRequired: boolean,
): void {
  const { evaluation } = artifact;
  const missing: MissingOption[] = [];
  if (options.tokenizer === undefined && artifact.tokenizer === null) {
    missing.push(TOKENIZER);
  }
  missing.push(...missingWindow(options, evaluation, rules));
  if (dataRequired && !namesData(options) && evaluation?.data === undefined) missing.push(DATA);
  refuse(missing);
}

/** The same for losses that were computed elsewhere, or for their ledger alone. */
export function requireTokenOptions(options: TokenOptions): void {
  const missing: MissingOption[] = [];
  if (options.tokenizer === undefined) missing.push(OF_TOKENS.tokenizer);
  if (!namesData(options)) missing.push(OF_TOKENS.data);
  refuse(missing);
}

function missingWindow(
  options: ScoreOptions,
  evaluation: Artifact['evaluation'],
  rules: Rules | null,
): readonly MissingOption[] {
  const { mode, seqLen, stride } = windowRequest(options, evaluation, rules).window;
  const unsaid = (flag: string, expected: string): MissingOption => ({
    flag,
    code: 'BPB_USAGE_WINDOW',
    message: `${flag} is needed: the artifact does not say how it is evaluated`,
    expected,
    actual: 'neither a flag nor an `evaluation` in the manifest',
  });
  const missing: MissingOption[] = [];
  if (mode === undefined) missing.push(unsaid('--window', orList(WINDOW_MODES)));
  if (seqLen === undefined) missing.push(unsaid('--seq-len', 'the length of a row in tokens'));
  if (mode === 'sliding' && stride === null) {
    missing.push({
      flag: '--stride',
      code: 'BPB_USAGE_STRIDE',
      message: '--window sliding needs a stride',
      expected: `an integer from 1 to ${seqLen ?? '--seq-len'} (the challenge used 64)`,
      actual: 'none',
    });
  }
  return missing;
}

function refuse(missing: readonly MissingOption[]): void {
  const [first, ...others] = missing;
  if (first === undefined) return;
  const { flag, code, message, expected, actual } = first;
  if (others.length === 0) throw usageError(code, { message, path: flag, expected, actual });
  const flags = missing.map((option) => option.flag);
  const sameCode = others.every((option) => option.code === code);
  throw usageError(sameCode ? code : 'BPB_USAGE_MISSING', {
    message: `${flags.length} options are missing`,
    path: flags.join(', '),
    expected: missing.map(wanted).join('; '),
    actual: 'none of them',
    hint: `give ${flags.join(', ')}; or let bpb init MODEL write an artifact.json that names them`,
  });
}

/** An expectation that begins with its flag stands as it is. */
function wanted({ flag, expected }: MissingOption): string {
  return expected.startsWith(`${flag} `) ? expected : `${flag}: ${expected}`;
}

function orList(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
