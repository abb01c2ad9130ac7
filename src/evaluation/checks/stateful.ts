/**
 * Checks of flags against an artifact that carries state: windows, and what one pass cannot split.
 */
import { type Adaptive, resetsAtDocuments } from '../../artifact/adaptive.js';
import { usageError } from '../../errors.js';
import type { WindowOptions } from '../../windows/options.js';
import type { ScoreOptions } from '../options.js';

/** Flags may change an artifact's windows, as far as its state allows. */
export function checkAdaptiveWindow(window: WindowOptions, adaptive: Adaptive): void {
  const { chunk, context, tensors } = adaptive;
  const refuse = (path: string, expected: string, actual: string) =>
    usageError('BPB_USAGE_ADAPTIVE', {
      message: `${path} does not fit an artifact that carries state`,
      path,
      expected,
      actual,
      hint: 'docs/adaptive.md says how such an artifact is run',
    });
  const { mode, seqLen, stride } = window;
  if (mode === 'sliding' || stride !== null) {
    const flag = mode === 'sliding' ? '--window' : '--stride';
    const actual = mode === 'sliding' ? mode : String(stride);
    throw refuse(flag, 'document or chunk windows without a stride', actual);
  }
  if (mode === 'chunk' && tensors.some(({ reset }) => reset === 'document')) {
    throw refuse('--window', 'document: a state begins anew at documents', mode);
  }
  if (seqLen < chunk + context) {
    const expected = `at least ${chunk + context}: context ${context} and chunk ${chunk}`;
    throw refuse('--seq-len', expected, String(seqLen));
  }
}

/** Whether the state goes through the whole stream, from left to right. */
export function isOnePass(adaptive: Adaptive | null): boolean {
  return adaptive !== null && !resetsAtDocuments(adaptive);
}

/** Refuses flags that split one pass over the stream. */
export function checkOnePass({ workers = 1, part }: Pick<ScoreOptions, 'workers' | 'part'>): void {
  if (workers === 1 && part === undefined) return;
  throw usageError('BPB_USAGE_ONE_PASS', {
    message: 'the artifact carries a state through the whole stream, which cannot be split',
    path: part === undefined ? '--workers' : '--part',
    expected: part === undefined ? '1, or no --workers' : 'no --part',
    actual: part === undefined ? String(workers) : part.join('/'),
  });
}
