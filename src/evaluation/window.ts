/**
 * The windows of an evaluation: the flags, where given, over the artifact's own.
 */
import type { Artifact } from '../artifact/load.js';
import type { WindowOptions } from '../windows/options.js';
import type { ScoreOptions } from './options.js';

type WindowFlags = Pick<ScoreOptions, 'window' | 'seqLen' | 'stride' | 'tail' | 'compat'>;

/** Requested windows; `mode` and `seqLen` are undefined where neither flags nor artifact give them. */
interface WindowRequest extends Omit<WindowOptions, 'mode' | 'seqLen'> {
  readonly mode: WindowOptions['mode'] | undefined;
  readonly seqLen: number | undefined;
}

export function windowRequest(flags: WindowFlags, own: Artifact['evaluation']): WindowRequest {
  const mode = flags.window ?? own?.window;
  // A manifest's stride belongs to its own window: another window asked for starts afresh.
  const same = mode === own?.window ? own : null;
  return {
    mode,
    seqLen: flags.seqLen ?? own?.seqLen,
    stride: flags.stride ?? same?.stride ?? null,
    tail: flags.tail ?? same?.tail ?? 'drop',
    compat: flags.compat ?? same?.compat ?? null,
  };
}
