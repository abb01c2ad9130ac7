/**
 * Findings that a caller may accept, and the acceptance of those that are named (`--accept`).
 */
import { usageError } from '../errors.js';
import type { Finding } from '../finding.js';
import { ACCEPTABLE } from './data-findings/table.js';

const listed = [...ACCEPTABLE].map(([id, why]) => `${id} (${why})`);

export function isAcceptable(id: string): boolean {
  return ACCEPTABLE.has(id);
}

/** @throws BPB_USAGE_ACCEPT naming the first id that no caller may accept */
export function checkAccept(accept: readonly string[] | undefined): void {
  const unknown = accept?.find((id) => !ACCEPTABLE.has(id));
  if (unknown === undefined) return;
  const meant = [...ACCEPTABLE.keys()].find((id) => id.includes(unknown) || unknown.includes(id));
  throw usageError('BPB_USAGE_ACCEPT', {
    message: 'no finding of that name can be accepted: only those about data can',
    path: '--accept',
    expected: listed.join('; '),
    actual: JSON.stringify(unknown),
    hint: meant === undefined ? `leave --accept ${unknown} out` : `--accept ${meant}`,
  });
}

/**
 * The findings, with those that the caller names marked as accepted.
 *
 * @param found all findings about the data
 * @param elsewhere ids of findings about a control set, which the caller may mean by the same flag
 * @throws BPB_USAGE_ACCEPT for one that is not there: what was meant for other data must not pass here
 */
export function withAccepted(
  found: readonly Finding[],
  accept: readonly string[] | undefined = [],
  elsewhere: readonly string[] = [],
): Finding[] {
  const there = [...new Set(found.map(({ id }) => id).filter((id) => ACCEPTABLE.has(id)))];
  const absent = accept.find((id) => !there.includes(id) && !elsewhere.includes(id));
  if (absent !== undefined) {
    throw usageError('BPB_USAGE_ACCEPT', {
      message: `there is nothing to accept: these data have no finding ${absent}`,
      path: '--accept',
      expected: there.length === 0 ? 'no --accept' : there.join(', '),
      actual: absent,
      hint:
        there.length === 0
          ? `leave --accept ${absent} out`
          : there.map((id) => `--accept ${id}`).join(' '),
    });
  }
  return found.map((each) => (accept.includes(each.id) ? { ...each, accepted: true } : each));
}
