/**
 * Operators that the caller trusts although their domain is not known (`--allow-op`).
 */
import { usageError } from '../errors.js';

/** Longest name that is repeated in a message. */
const SHOWN = 120;

/**
 * @param names each `DOMAIN::NAME`; `::NAME` is the same as `ai.onnx::NAME`
 * @throws BPB_ALLOW_OP (usage)
 */
export function allowedOps(names: readonly string[] = []): ReadonlySet<string> {
  return new Set(names.map(parse));
}

function parse(name: string): string {
  const [, domain, op] = /^(.*)::(.+)$/s.exec(name) ?? [];
  if (domain === undefined) throw wrong('names no operator', name);
  return `${domain === '' ? 'ai.onnx' : domain}::${op}`;
}

/**
 * @param needed those that a graph of the artifact needs
 * @returns them, sorted
 * @throws BPB_ALLOW_OP (usage) for an operator that no graph needs
 */
export function checkAllNeeded(
  allowed: ReadonlySet<string>,
  needed: readonly string[],
): readonly string[] {
  const idle = [...allowed].find((name) => !needed.includes(name));
  if (idle !== undefined) throw wrong('allows what the artifact does not need', idle);
  return [...new Set(needed)].sort();
}

function wrong(problem: string, name: string) {
  return usageError('BPB_ALLOW_OP', {
    message: `--allow-op ${problem}`,
    path: '--allow-op',
    expected: 'DOMAIN::NAME of an operator that is refused without it',
    actual: name.length > SHOWN ? `${name.slice(0, SHOWN)}…` : name,
    hint: 'leave it out: the refusal of an operator names the flag that allows it',
  });
}
