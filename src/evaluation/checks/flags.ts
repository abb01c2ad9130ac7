/**
 * Checks of flags alone, before anything is opened: parts, and flags that contradict each other.
 */
import { parseDevices } from '../../engine/cuda/devices.js';
import { type BpbError, usageError } from '../../errors.js';
import { checkAccept } from '../accept.js';
import type { ScoreOptions } from '../options.js';
import { isForGpus } from '../placement.js';
import type { EngineFlags } from '../session-options.js';
import { checkControl } from './control.js';

/** @throws BpbError (usage) naming the first flag that is wrong */
export function checkFlags(options: ScoreOptions): void {
  checkOutput(options);
  checkAccept(options.accept);
  checkOptimize(options);
  checkLedger(options);
  checkDevice(options);
  checkControl(options);
  if (options.part !== undefined) checkPart(options.part);
}

function checkOutput({ saveTargets, force, out }: ScoreOptions): void {
  if (out !== undefined) return;
  if (saveTargets) {
    throw usageError('BPB_USAGE_SAVE_TARGETS', {
      message: '--save-targets has nowhere to write',
      path: '--save-targets',
      expected: '--out DIR beside it',
      actual: 'no --out',
    });
  }
  if (force) {
    throw usageError('BPB_USAGE_FORCE', {
      message: '--force has nothing to replace',
      path: '--force',
      expected: '--out DIR beside it',
      actual: 'no --out',
    });
  }
}

function checkOptimize({ optimize, optimizeTolerance, precision }: ScoreOptions): void {
  if (optimizeTolerance !== undefined) checkTolerance(optimizeTolerance);
  if (optimize) return;
  const flag =
    optimizeTolerance !== undefined
      ? '--optimize-tolerance'
      : precision === 'fp16'
        ? '--precision fp16'
        : undefined;
  if (flag === undefined) return;
  throw usageError('BPB_USAGE_OPTIMIZE', {
    message: `${flag} is about a model that is rewritten`,
    path: flag.split(' ')[0],
    expected: '--optimize beside it',
    actual: 'no --optimize',
    hint: 'a reference score runs the model in the precision that it was exported in',
  });
}

/** @throws BPB_OPTIMIZE_TOLERANCE (usage) for a tolerance that is no positive number */
export function checkTolerance(tolerance: number): void {
  if (tolerance > 0 && Number.isFinite(tolerance)) return;
  throw usageError('BPB_OPTIMIZE_TOLERANCE', {
    message: '--optimize-tolerance is not a tolerance',
    path: '--optimize-tolerance',
    expected: 'nats, above 0',
    actual: String(tolerance),
  });
}

function checkLedger({ ledger, compat }: ScoreOptions): void {
  if (ledger !== undefined && compat !== undefined && compat !== 'none')
    throw repeatedTargetsError(`--compat ${compat}`);
}

/** A ledger of an evaluation that scores targets again. */
export function repeatedTargetsError(actual: string): BpbError {
  return usageError('BPB_USAGE_LEDGER', {
    message: 'a ledger holds each target once, and the historical evaluator scores some again',
    path: '--ledger',
    expected: '--ledger without --compat',
    actual,
  });
}

function checkDevice({ engine = 'auto', device, precision }: EngineFlags): void {
  const devices = device === undefined ? null : parseDevices(device);
  const onCpu = devices === 'cpu';
  if (onCpu && engine === 'onnx-cuda') throw contradiction('--device cpu', engine);
  if (devices !== null && !onCpu && !isForGpus(engine)) {
    throw contradiction(`--device ${device}`, engine);
  }
  if (precision === 'tf32' && (onCpu || !isForGpus(engine))) {
    throw contradiction('--precision tf32', onCpu ? '--device cpu' : engine);
  }
}

function contradiction(one: string, other: string): BpbError {
  return usageError('BPB_USAGE_DEVICE', {
    message: `${one} and ${other} contradict each other`,
    path: one.split(' ')[0],
    expected: 'a GPU with onnx-cuda or auto, the CPU with any engine but onnx-cuda',
    actual: `${one}, ${other}`,
  });
}

function checkPart([i, n]: readonly [number, number]): void {
  if (Number.isInteger(i) && Number.isInteger(n) && i >= 1 && i <= n) return;
  throw usageError('BPB_USAGE_PART', {
    message: '--part is not a part',
    path: '--part',
    expected: 'i/n with 1 <= i <= n',
    actual: `${i}/${n}`,
  });
}
