/**
 * Checks of `bpb score --ledger FILE --targets FILE.f32`: the flags that a claimed score takes.
 */
import { usageError } from '../../errors.js';
import { flagOf } from '../../option-check.js';
import type { ClaimedOptions } from '../options.js';

/** The flags of a claim; every other flag of `bpb score` says how to run a model. */
const TAKEN = new Set([
  'ledger',
  'targets',
  'tokenizer',
  'documentStart',
  'data',
  'docs',
  'textField',
  'sidecar',
  'accept',
  'limitDocs',
]);

/**
 * The options of a claimed score; null where an artifact is to be scored.
 *
 * @param given names of the flags on the command line, as commander names them
 * @throws usage errors that name the flag
 */
export function claimedOptions(
  artifact: string | undefined,
  flags: { [Name in keyof ClaimedOptions]?: ClaimedOptions[Name] | undefined },
  given: readonly string[],
): ClaimedOptions | null {
  const { ledger, targets } = flags;
  if (targets === undefined) {
    if (artifact !== undefined) return null;
    throw usageError('BPB_USAGE_ARTIFACT', {
      message: 'there is nothing to score',
      path: '<artifact>',
      expected: 'an artifact, or --ledger FILE --targets FILE.f32 with nats made elsewhere',
      actual: ledger === undefined ? 'neither' : '--ledger without --targets',
    });
  }
  if (artifact !== undefined) {
    throw misuse('--targets', 'nats made elsewhere, or an artifact', `--targets and ${artifact}`);
  }
  if (ledger === undefined) throw misuse('--targets', '--ledger FILE beside it', 'no --ledger');
  const other = given.find((name) => !TAKEN.has(name));
  if (other !== undefined) {
    const flag = flagOf(other);
    throw misuse(flag, `no ${flag} with --targets: it says how to run a model`, flag);
  }
  const { tokenizer, documentStart, data, docs, textField, sidecar, accept, limitDocs } = flags;
  const tokens = { tokenizer, documentStart, data, docs, textField, sidecar, accept, limitDocs };
  return { ledger, targets, ...tokens };
}

function misuse(path: string, expected: string, actual: string) {
  return usageError('BPB_USAGE_TARGETS', {
    message: 'a claimed score is made of a ledger and its nats alone',
    path,
    expected,
    actual,
  });
}
