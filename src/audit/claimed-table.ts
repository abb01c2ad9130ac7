/**
 * Reader of a participant's own table of bytes by id.
 *
 * Either a JSON array of bytes by id, or an object of the three arrays that train_gpt.py builds.
 */
import { readFileSync } from 'node:fs';
import { type BpbError, inputError } from '../errors.js';

/** Arrays by id; all equally long. */
export interface ClaimedTable {
  readonly path: string;
  readonly base: Float64Array;
  readonly leading: Uint8Array;
  readonly boundary: Uint8Array;
  /** False for a plain array of bytes, which has no context. */
  readonly inContext: boolean;
}

/** Field names, our own and those of openai/parameter-golf train_gpt.py L180-204. */
const NAMES = {
  base: ['base', 'base_bytes', 'base_bytes_lut'],
  leading: ['leading', 'has_leading_space', 'has_leading_space_lut'],
  boundary: ['boundary', 'is_boundary_token', 'is_boundary_token_lut'],
} as const;

function refuse(path: string, message: string, actual: string, cause?: unknown): BpbError {
  return inputError('BPB_LUT_FORMAT', {
    message,
    path,
    expected: 'a JSON array of bytes by id, or an object with the arrays base, leading, boundary',
    actual,
    hint: 'Write it with json.dump, for instance {"base": base.tolist(), "leading": …, "boundary": …}.',
    cause,
  });
}

function numbers(value: unknown, name: string, path: string): number[] {
  if (!Array.isArray(value)) {
    throw refuse(path, `${name} is not an array.`, value === undefined ? 'missing' : typeof value);
  }
  return value.map((entry: unknown, id) => {
    const number = typeof entry === 'boolean' ? Number(entry) : entry;
    if (typeof number === 'number' && Number.isFinite(number) && number >= 0) return number;
    throw refuse(path, `${name} has no bytes for id ${id}.`, JSON.stringify(entry)?.slice(0, 60));
  });
}

export function readClaimedTable(path: string): ClaimedTable {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const actual = cause instanceof Error ? cause.message.slice(0, 200) : String(cause);
    throw refuse(path, 'The table cannot be read.', actual, cause);
  }
  if (Array.isArray(value)) {
    const base = Float64Array.from(numbers(value, 'the table', path));
    const none = new Uint8Array(base.length);
    return { path, base, leading: none, boundary: none, inContext: false };
  }
  if (typeof value !== 'object' || value === null) {
    throw refuse(path, 'This is no table.', value === null ? 'null' : typeof value);
  }
  const fields = value as Record<string, unknown>;
  const field = (key: keyof typeof NAMES) => {
    const name = NAMES[key].find((candidate) => Object.hasOwn(fields, candidate));
    return numbers(name === undefined ? undefined : fields[name], key, path);
  };
  const base = Float64Array.from(field('base'));
  const leading = Uint8Array.from(field('leading'));
  const boundary = Uint8Array.from(field('boundary'));
  if (leading.length !== base.length || boundary.length !== base.length) {
    const actual = `${base.length}, ${leading.length} and ${boundary.length} entries`;
    throw refuse(path, 'The three arrays differ in length.', actual);
  }
  return { path, base, leading, boundary, inContext: true };
}

/** Claimed bytes of the targets `[from, to)`; an id beyond the table has none. */
export function sumClaimed(
  { base, leading, boundary }: ClaimedTable,
  ids: ArrayLike<number>,
  from: number,
  to: number,
): number {
  let sum = 0;
  for (let i = from; i < to; i++) {
    const id = ids[i]!;
    sum += base[id] ?? 0;
    if (leading[id] === 1 && boundary[ids[i - 1]!] === 0) sum++;
  }
  return sum;
}
