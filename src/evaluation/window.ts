/**
 * The windows of an evaluation: what the rules fix, over the flags, over the artifact's own.
 */
import type { Artifact } from '../artifact/load.js';
import { onlyInteger, onlyOf } from '../rules/allowed.js';
import { type Decider, decide } from '../rules/decide.js';
import { NONE, type Rules } from '../rules/schema.js';
import type { WindowOptions } from '../windows/options.js';
import type { ScoreOptions } from './options.js';

type WindowFlags = Pick<ScoreOptions, 'window' | 'seqLen' | 'stride' | 'tail' | 'compat'>;

/** Requested windows; `mode` and `seqLen` are undefined where nobody gives them. */
interface WindowRequest extends Omit<WindowOptions, 'mode' | 'seqLen'> {
  readonly mode: WindowOptions['mode'] | undefined;
  readonly seqLen: number | undefined;
}

/** Who decided each of them, by the names in a result. */
type WindowDeciders = Readonly<Record<'window' | 'seqLen' | 'stride' | 'tail' | 'compat', Decider>>;

interface DecidedWindow {
  readonly window: WindowRequest;
  readonly deciders: WindowDeciders;
}

export function windowRequest(
  flags: WindowFlags,
  own: Artifact['evaluation'],
  rules: Rules | null,
): DecidedWindow {
  const ruled = rules?.windows;
  const mode = decide({
    rules: onlyOf(ruled?.modes),
    caller: flags.window,
    artifact: own?.window,
    byDefault: undefined,
  });
  const seqLen = decide({
    rules: onlyInteger(ruled?.seqLen),
    caller: flags.seqLen,
    artifact: own?.seqLen,
    byDefault: undefined,
  });
  // A manifest's stride belongs to its own window: another window asked for starts afresh.
  const same = mode.value === own?.window ? own : null;
  // Chunks have no stride, and document windows no tail.
  const stride = decide<number | null>({
    rules: mode.value === 'chunk' ? undefined : onlyInteger(ruled?.stride),
    caller: orNull(flags.stride),
    artifact: same?.stride,
    byDefault: null,
  });
  const tail = decide<WindowOptions['tail']>({
    rules: mode.value === 'document' ? undefined : onlyOf(ruled?.tail),
    caller: flags.tail,
    artifact: same?.tail,
    byDefault: 'drop',
  });
  const compat = decide<WindowOptions['compat']>({
    rules: orNull(onlyOf(ruled?.compat)),
    caller: orNull(flags.compat),
    artifact: same?.compat,
    byDefault: null,
  });
  return {
    window: {
      mode: mode.value,
      seqLen: seqLen.value,
      stride: stride.value,
      tail: tail.value,
      compat: compat.value,
    },
    deciders: {
      window: mode.by,
      seqLen: seqLen.by,
      stride: stride.by,
      tail: tail.by,
      compat: compat.by,
    },
  };
}

function orNull<T>(value: T | typeof NONE | undefined): T | null | undefined {
  return value === NONE ? null : (value as T | undefined);
}
