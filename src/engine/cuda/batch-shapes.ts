/**
 * Batch sizes on a GPU: tokens, fixed for each device model so that results repeat to the last bit.
 */

/** Where a figure comes from: the run that measured it, or null while none has. */
interface BatchTokens {
  readonly device: RegExp;
  readonly tokens: number;
  readonly measured: string | null;
}

/** The first that fits. `scripts/gpu-check.sh` prints the rows to be put here. */
const TABLE: readonly BatchTokens[] = [{ device: /./, tokens: 65_536, measured: null }];

/** Logits of a batch take no more than this, whatever the table says. */
export const LOGITS_BYTES_MAX = 4 * 2 ** 30;

/**
 * Input tokens of a batch for a device of this name and logits of this width; fp32 is
 * assumed, as the type is only known once a session is open.
 */
export function defaultBatchTokens(device: string, vocabulary: number): number {
  const { tokens } = TABLE.find((row) => row.device.test(device))!;
  return Math.max(1, Math.min(tokens, Math.floor(LOGITS_BYTES_MAX / (4 * vocabulary))));
}
