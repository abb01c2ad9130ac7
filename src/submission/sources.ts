/**
 * Citations of the challenge's repository, openai/parameter-golf, as addresses that can be opened.
 *
 * Files are cited at one commit, so that line numbers stay right. What several sources together
 * show, and how exact it is, is in docs/challenge.md.
 */
const REPOSITORY = 'https://github.com/openai/parameter-golf';
const COMMIT = '4908dc46f21ed3fdd08d2fdca285deb2194b9599';

/** Pull requests, by number. */
export function pulls(...numbers: readonly number[]): string {
  return numbers.map((number) => `${REPOSITORY}/pull/${number}`).join(' ');
}

/** An issue, by number. */
export function issue(number: number): string {
  return `${REPOSITORY}/issues/${number}`;
}

/** Lines of a file of the repository, `L12` or `L12-L20`. */
export function lines(path: string, range: string): string {
  return `${REPOSITORY}/blob/${COMMIT}/${encodeURI(path)}#${range}`;
}

/** Lines of a file in a record's folder of the ten-minute track. */
export function record(path: string, range: string): string {
  return lines(`records/track_10min_16mb/${path}`, range);
}

/** As `record`, of the track of non-record submissions. */
export function nonRecord(path: string, range: string): string {
  return lines(`records/track_non_record_16mb/${path}`, range);
}

/** A section of this repository's page of evidence. */
export function evidence(section: string): string {
  return `docs/challenge.md#${section}`;
}
