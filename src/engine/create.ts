/**
 * Table of engines, and the choice among them.
 */

import { BpbError, usageError } from '../errors.js';
import type { AdaptiveEngine, AdaptiveOptions } from './adaptive.js';
import { withFixedAxes } from './adaptive-fixed.js';
import type { Engine, EngineName, EngineOptions } from './types.js';

/** How an engine is opened. */
interface EngineEntry {
  readonly name: EngineName;
  /** For rows that stand alone, and for an artifact that carries state. */
  readonly open: (options: EngineOptions) => Promise<Engine>;
  readonly openAdaptive: (options: AdaptiveOptions) => Promise<AdaptiveEngine>;
  /** Whether `auto` tries it, with these options. */
  readonly isCandidate: (options: EngineOptions) => boolean;
}

/**
 * From the best to the last resort: `auto` takes the first candidate that this machine can run. Each
 * thread loads the modules of what it opens alone: all of them take longer than a small score.
 */
const ENGINES = [
  {
    name: 'onnx-cuda',
    open: async (options) => (await import('./onnx-cuda.js')).openOnnxCuda(options),
    openAdaptive: async (options) => (await import('./adaptive-cuda.js')).openAdaptiveCuda(options),
    isCandidate: ({ cuda }) => cuda !== null,
  },
  {
    name: 'onnx-cpu',
    open: async (options) => (await import('./onnx-cpu.js')).openOnnxCpu(options),
    openAdaptive: async (options) =>
      (await import('./adaptive-native.js')).openAdaptiveNative(options),
    isCandidate: () => true,
  },
  {
    name: 'onnx-js',
    open: async (options) => (await import('./onnx-js.js')).openOnnxJs(options),
    openAdaptive: async (options) => (await import('./adaptive-js.js')).openAdaptiveJs(options),
    isCandidate: () => true,
  },
  {
    name: 'tfjs',
    open: async (options) => (await import('./tfjs.js')).openTfjs(options),
    openAdaptive: async (options) => (await import('./tfjs.js')).openTfjs(options),
    isCandidate: () => false,
  },
] as const satisfies readonly EngineEntry[];

export type EngineChoice = 'auto' | EngineName;

export const ENGINE_CHOICES: readonly EngineChoice[] = ['auto', ...ENGINES.map(({ name }) => name)];

/** An open engine, and in one sentence each why a better one was not taken. */
export interface Created<E> {
  readonly engine: E;
  readonly notes: readonly string[];
}

/** Why the machine cannot run an engine; undefined where the error is about something else. */
function lack(error: unknown): string | undefined {
  if (!(error instanceof BpbError) || error.kind !== 'environment') return undefined;
  return error.actual ?? error.message;
}

/**
 * Opens the engine of that name, or with `auto` the best that works.
 *
 * @throws BpbError: (environment) where the machine lacks what the engine needs; (input) where the
 * model is at fault, which no other engine would change; (usage) for an unknown name.
 */
export function createEngine(
  choice: EngineChoice,
  options: EngineOptions,
): Promise<Created<Engine>> {
  return create(choice, options, ({ open }) => open(options));
}

/** The same for an artifact that carries state. */
export async function createAdaptiveEngine(
  choice: EngineChoice,
  options: AdaptiveOptions,
): Promise<Created<AdaptiveEngine>> {
  const { engine, notes } = await create(choice, options, ({ openAdaptive }) =>
    openAdaptive(options),
  );
  const axes = {
    fixedRows: options.adaptive.fixedRows ?? null,
    fixedTime: engine.info.fixedTime,
  };
  return { engine: withFixedAxes(engine, axes, options.graph.path), notes };
}

async function create<E>(
  choice: EngineChoice,
  options: EngineOptions,
  open: (engine: EngineEntry) => Promise<E>,
): Promise<Created<E>> {
  const candidates = ENGINES.filter(({ name, isCandidate }: EngineEntry) =>
    choice === 'auto' ? isCandidate(options) : choice === name,
  );
  if (candidates.length === 0) {
    throw usageError('BPB_ENGINE', {
      message: `There is no engine "${choice}".`,
      path: '--engine',
      expected: ENGINE_CHOICES.join(', '),
      actual: choice,
    });
  }
  const notes: string[] = [];
  for (const [index, engine] of candidates.entries()) {
    try {
      return { engine: await open(engine), notes };
    } catch (error) {
      const reason = lack(error);
      if (reason === undefined || index === candidates.length - 1) throw error;
      notes.push(`${engine.name} is not available: ${reason}`);
    }
  }
  throw new Error('unreachable: the last candidate returns or throws');
}
