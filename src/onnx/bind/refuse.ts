/**
 * Refusals of ports that cannot be bound, each with the flag or the export that helps.
 */
import { type BpbError, inputError } from '../../errors.js';
import { shellWord } from '../../shell-word.js';
import { describePort, type Port } from '../port.js';

const KINDS = 'ones, zeros, positions, empty, length, last or a number';

export function listed(ports: readonly Port[]): string {
  return ports.map((port) => `${port.name}: ${describePort(port)}`).join('; ') || 'none';
}

export function inputRefusal(
  path: string,
  message: string,
  expected: string,
  actual: string,
  hint?: string,
): BpbError {
  return inputError('BPB_MODEL_INPUT', { message, path, expected, actual, hint });
}

export function outputRefusal(
  path: string,
  message: string,
  expected: string,
  actual: string,
  hint?: string,
): BpbError {
  return inputError('BPB_MODEL_OUTPUT', { message, path, expected, actual, hint });
}

/** An input of which nothing, or too little, is known. */
export function unknownInput(path: string, port: Port, reason: string | null): BpbError {
  const { name } = port;
  return inputRefusal(
    path,
    reason === null
      ? `the model has an input "${name}" that the harness does not know`
      : `the input "${name}" cannot be filled in: ${reason}`,
    'token ids, and inputs such as attention_mask, position_ids or past_key_values',
    `${name}: ${describePort(port)}`,
    `--input ${shellWord(name)}=zeros says what it is given: ${KINDS}; so does \`model.inputs\` of artifact.json (docs/artifact.md); or export the model without it`,
  );
}

/** An input that an encoder gives: the model is no language model of its own. */
export function encoderInput(path: string, port: Port): BpbError {
  const embeddings = /embed/i.test(port.name);
  return inputRefusal(
    path,
    embeddings
      ? `the model takes embeddings ("${port.name}") and not only token ids`
      : `the model reads what an encoder gives ("${port.name}")`,
    'a decoder whose logits depend on token ids alone',
    `${port.name}: ${describePort(port)}`,
    embeddings
      ? 'export the model with its embedding table, so that it takes input_ids'
      : 'only decoders are scored: export the language model alone, without encoder and images',
  );
}

/** A kind that a caller or a manifest names and that the input cannot have. */
export function misfit(
  path: string,
  port: Port,
  kind: string,
  by: 'manifest' | 'caller',
  reason: string,
): BpbError {
  const given = by === 'caller' ? `--input ${port.name}=${kind}` : `\`model.inputs\` (${kind})`;
  return inputRefusal(
    path,
    `${given} does not fit the input "${port.name}": ${reason}`,
    `one of ${KINDS} that fits its type and shape`,
    `${port.name}: ${describePort(port)}`,
    'docs/artifact.md says what each kind is for',
  );
}
