/**
 * Reader of `targets.f32` (docs/result.md): nats per target of another evaluator.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { spanTotals } from '../engine/q30.js';
import { type BpbError, inputError } from '../errors.js';
import type { CoverageMap } from '../windows/coverage.js';

/** Bytes read and hashed at once. */
const BLOCK = 1 << 24;

export class TargetsFile {
  /** `nats[i - 1]` is that of target `i`. */
  readonly nats: Float32Array<ArrayBuffer>;
  readonly sha256: string;

  /** @throws BPB_TARGETS_UNREADABLE; BPB_TARGETS_SIZE where it is not a float a target */
  constructor(
    readonly path: string,
    private readonly tokens: number,
  ) {
    let file: number;
    try {
      // The open of a FIFO would wait for its writer.
      file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    } catch (cause) {
      throw unreadable(path, cause);
    }
    try {
      const stat = fstatSync(file);
      if (!stat.isFile()) throw unreadable(path, new Error('it is not a file'));
      const { size } = stat;
      const wanted = (tokens - 1) * 4;
      if (size !== wanted) {
        throw inputError('BPB_TARGETS_SIZE', {
          message: 'the file does not have one fp32 a target',
          path,
          expected: `${wanted} bytes: ${tokens - 1} targets, from t[1] on`,
          actual: `${size} bytes`,
          hint: 'targets that were not scored are NaN, not left out',
        });
      }
      this.nats = new Float32Array(tokens - 1);
      const bytes = new Uint8Array(this.nats.buffer);
      const sha256 = createHash('sha256');
      for (let at = 0; at < size; ) {
        const read = readSync(file, bytes, at, Math.min(BLOCK, size - at), at);
        if (read === 0) throw unreadable(path, new Error('it ended while it was read'));
        sha256.update(bytes.subarray(at, at + read));
        at += read;
      }
      this.sha256 = sha256.digest('hex');
    } finally {
      closeSync(file);
    }
  }

  /**
   * The exact sum of targets `first .. first+count-1`, and the infinite ones among them.
   *
   * @throws BPB_TARGETS_INVALID for one that is no number of nats
   */
  sum(first: number, count: number): { q30: bigint; infinite: number; firstInfinite: number } {
    const nats = this.nats.subarray(first - 1, first - 1 + count);
    // Written so that NaN is found too.
    const wrong = nats.findIndex((value) => !(value >= 0));
    if (wrong >= 0) throw this.invalid(first + wrong, 'nats from 0, which the ledger scores');
    let sums: ReturnType<typeof spanTotals>;
    try {
      sums = spanTotals(nats, Uint32Array.of(count));
    } catch {
      const largest = nats.reduce((most, value, k) => (value > nats[most]! ? k : most), 0);
      throw this.invalid(first + largest, 'less than 2^33 nats in one line of the ledger');
    }
    const infinite = sums.infinite;
    const firstInfinite = infinite > 0 ? first + nats.indexOf(Number.POSITIVE_INFINITY) : -1;
    return { q30: sums.q30[0]!, infinite, firstInfinite };
  }

  /** Refuses a value for a target that is skipped: one of the two must be wrong. */
  checkSkipped(scores: CoverageMap): void {
    for (let i = 1; i < this.tokens; i++) {
      if (Number.isNaN(this.nats[i - 1]!) || scores.has(i)) continue;
      throw this.invalid(i, 'NaN, as the ledger skips this target');
    }
  }

  private invalid(target: number, expected: string): BpbError {
    return inputError('BPB_TARGETS_INVALID', {
      message: `target ${target} is not as the ledger says (float ${target - 1} of the file)`,
      path: this.path,
      expected,
      actual: String(this.nats[target - 1]),
    });
  }
}

function unreadable(path: string, cause: unknown): BpbError {
  return inputError('BPB_TARGETS_UNREADABLE', {
    message: 'the nats of the targets cannot be read',
    path,
    expected: 'a file of little-endian fp32, one a target',
    actual: (cause as Error).message,
    cause,
  });
}
