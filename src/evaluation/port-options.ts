/**
 * The options that say what a model's inputs and outputs are and what it may be made of, common to every
 * command with a model.
 */
import type { PortOptions } from '../artifact/load-model.js';
import { INPUT_KINDS, type InputKind, LOGITS_KINDS } from '../onnx/bind/types.js';
import { type OptionChecks, option } from '../option-check.js';
import type { FlagText } from './session-options.js';

export const PORT_CHECKS: OptionChecks<PortOptions> = {
  input: option.kinds(INPUT_KINDS),
  tokensInput: option.text,
  logitsOutput: option.text,
  logitsAre: option.choice(LOGITS_KINDS),
  allowOp: option.texts,
};

/** Of all but `--input` and `--allow-op`, which are repeatable. */
export const PORT_FLAGS: readonly FlagText[] = [
  {
    flags: '--tokens-input <name>',
    help: 'input of the token ids',
    byDefault: "the artifact's, input_ids, or the only one",
  },
  {
    flags: '--logits-output <name>',
    help: 'output of the logits',
    byDefault: "the artifact's, logits, or the only one",
  },
  {
    flags: '--logits-are <what>',
    help: 'what it holds',
    choices: LOGITS_KINDS,
    byDefault: "the artifact's, else logits",
  },
];

export const INPUT_HELP = `another input: ${INPUT_KINDS.join(', ')} or a number; repeatable`;
export const ALLOW_OP_HELP = 'an operator of another domain that you trust; repeatable';
export const INPUT_EXPECTED = `NAME=${INPUT_KINDS.join('|')} or NAME=NUMBER`;

/** `attention_mask=ones` as a name and a kind; null where it is neither a word nor a number. */
export function parseInput(text: string): readonly [name: string, kind: InputKind] | null {
  const [, name, kind = ''] = /^(.+)=([^=]*)$/s.exec(text) ?? [];
  if (name === undefined) return null;
  const word = INPUT_KINDS.find((each) => each === kind);
  if (word !== undefined) return [name, word];
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(kind)
    ? [name, { constant: Number(kind) }]
    : null;
}

/** The part of a command's options that loading the artifact takes. */
export function portOptions(options: PortOptions): PortOptions {
  const { input, tokensInput, logitsOutput, logitsAre, allowOp } = options;
  return { input, tokensInput, logitsOutput, logitsAre, allowOp };
}
