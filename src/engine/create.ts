/**
 * Chooses and opens an engine.
 */

import { BpbError, usageError } from '../errors.js';
import { openOnnxCuda } from './onnx-cuda.js';
import { openOnnxJs } from './onnx-js.js';
import { openOnnxNative } from './onnx-native.js';
import type { Engine, EngineOptions } from './types.js';

type EngineName = 'onnx-cuda' | 'onnx-cpu' | 'onnx-js';

export const ENGINE_CHOICES = ['auto', 'onnx-cuda', 'onnx-cpu', 'onnx-js'] as const;
export type EngineChoice = (typeof ENGINE_CHOICES)[number];

/** An open engine, and in one sentence each why a better one was passed over. */
export interface CreatedEngine {
  readonly engine: Engine;
  readonly notes: readonly string[];
}

/** From the best to the last resort: `auto` takes the first that this machine can run. */
const ENGINES: readonly (readonly [EngineName, (options: EngineOptions) => Promise<Engine>])[] = [
  ['onnx-cuda', openOnnxCuda],
  ['onnx-cpu', openOnnxNative],
  ['onnx-js', openOnnxJs],
];

/** Why the machine cannot run an engine; undefined where the error is about something else. */
function lack(error: unknown): string | undefined {
  if (!(error instanceof BpbError) || error.kind !== 'environment') return undefined;
  return error.actual ?? error.message;
}

/**
 * Opens the engine of that name, or with `auto` the best that works.
 *
 * @throws BpbError: (environment) where the machine lacks what the engine needs; (input) where the
 * model is at fault, which no other engine would mend; (usage) for an unknown name.
 */
export async function createEngine(
  choice: EngineChoice,
  options: EngineOptions,
): Promise<CreatedEngine> {
  const candidates = ENGINES.filter(([name]) =>
    choice === 'auto' ? name !== 'onnx-cuda' || options.cuda !== null : choice === name,
  );
  if (candidates.length === 0) {
    throw usageError('BPB_ENGINE', {
      message: `There is no engine "${choice}".`,
      path: '--engine',
      expected: ['auto', ...ENGINES.map(([name]) => name)].join(', '),
      actual: choice,
    });
  }
  const notes: string[] = [];
  for (const [index, [name, open]] of candidates.entries()) {
    try {
      return { engine: await open(options), notes };
    } catch (error) {
      const reason = lack(error);
      if (reason === undefined || index === candidates.length - 1) throw error;
      notes.push(`${name} is not available: ${reason}`);
    }
  }
  throw new Error('unreachable: the last candidate returns or throws');
}
