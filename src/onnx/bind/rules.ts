/**
 * Kinds that a caller or a manifest gives inputs, by name or pattern.
 */
import { usageError } from '../../errors.js';
import { shellWord } from '../../shell-word.js';
import type { Port } from '../port.js';
import { inputRefusal, listed } from './refuse.js';
import type { InputKind, InputRule } from './types.js';

export class Rules {
  /** @param rules in order of precedence */
  constructor(
    private readonly rules: readonly InputRule[],
    private readonly path: string,
  ) {}

  /** The rule of an input, or null. */
  of(name: string): InputRule | null {
    return this.rules.find((rule) => matches(rule.name, name)) ?? null;
  }

  /** @throws BPB_USAGE_INPUT or BPB_MODEL_INPUT for a rule that none of the inputs has */
  checkNames(inputs: readonly Port[]): void {
    const stray = this.rules.find(({ name }) => !inputs.some((port) => matches(name, port.name)));
    if (stray === undefined) return;
    const { name, kind, by } = stray;
    const message = `the model has no input "${name}" to be given ${kindText(kind)}`;
    const expected = inputs.length === 0 ? 'no inputs beside the token ids' : listed(inputs);
    if (by === 'manifest') {
      throw inputRefusal(
        this.path,
        message,
        expected,
        name,
        'correct `model.inputs` in artifact.json',
      );
    }
    throw usageError('BPB_USAGE_INPUT', {
      message,
      path: '--input',
      expected,
      actual: name,
      hint:
        inputs.length === 0
          ? 'leave --input out'
          : `--input ${shellWord(inputs[0]!.name)}=${kindText(kind)}`,
    });
  }
}

/** A kind as the command line has it. */
export function kindText(kind: InputKind): string {
  return typeof kind === 'string' ? kind : String(kind.constant);
}

/**
 * `*` stands for any text. Each part is taken where it first occurs, so that no pattern of a stranger's
 * manifest takes longer than its length times that of the name; a regular expression may take for ever.
 */
function matches(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return name === pattern;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
