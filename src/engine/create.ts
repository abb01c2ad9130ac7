/**
 * Chooses and opens an engine.
 */

import { BpbError, usageError } from '../errors.js';
import type { AdaptiveEngine, AdaptiveOptions } from './adaptive.js';
import { openAdaptiveCuda } from './adaptive-cuda.js';
import { openAdaptiveJs } from './adaptive-js.js';
import { openAdaptiveNative } from './adaptive-native.js';
import { openOnnxCpu } from './onnx-cpu.js';
import { openOnnxCuda } from './onnx-cuda.js';
import { openOnnxJs } from './onnx-js.js';
import type { Engine, EngineOptions } from './types.js';

type EngineName = 'onnx-cuda' | 'onnx-cpu' | 'onnx-js';

export const ENGINE_CHOICES = ['auto', 'onnx-cuda', 'onnx-cpu', 'onnx-js'] as const;
export type EngineChoice = (typeof ENGINE_CHOICES)[number];

/** An open engine, and in one sentence each why a better one was passed over. */
export interface Created<E> {
  readonly engine: E;
  readonly notes: readonly string[];
}

type Candidates<E, O> = readonly (readonly [EngineName, (options: O) => Promise<E>])[];

/** From the best to the last resort: `auto` takes the first that this machine can run. */
const ENGINES: Candidates<Engine, EngineOptions> = [
  ['onnx-cuda', openOnnxCuda],
  ['onnx-cpu', openOnnxCpu],
  ['onnx-js', openOnnxJs],
];

const ADAPTIVE_ENGINES: Candidates<AdaptiveEngine, AdaptiveOptions> = [
  ['onnx-cuda', openAdaptiveCuda],
  ['onnx-cpu', openAdaptiveNative],
  ['onnx-js', openAdaptiveJs],
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
export function createEngine(
  choice: EngineChoice,
  options: EngineOptions,
): Promise<Created<Engine>> {
  return create(choice, options, ENGINES);
}

/** The same for an artifact that carries state. */
export function createAdaptiveEngine(
  choice: EngineChoice,
  options: AdaptiveOptions,
): Promise<Created<AdaptiveEngine>> {
  return create(choice, options, ADAPTIVE_ENGINES);
}

async function create<E, O extends EngineOptions>(
  choice: EngineChoice,
  options: O,
  engines: Candidates<E, O>,
): Promise<Created<E>> {
  const candidates = engines.filter(([name]) =>
    choice === 'auto' ? name !== 'onnx-cuda' || options.cuda !== null : choice === name,
  );
  if (candidates.length === 0) {
    throw usageError('BPB_ENGINE', {
      message: `There is no engine "${choice}" for this artifact.`,
      path: '--engine',
      expected: ['auto', ...engines.map(([name]) => name)].join(', '),
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
