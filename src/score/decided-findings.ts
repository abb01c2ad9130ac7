/**
 * Findings about who decided what of a score.
 */
import { type Finding, note, warn } from '../finding.js';
import { plural } from '../words.js';
import type { ScoreResult } from './result.js';

/** Share of the stream's targets that a dropped tail may have without being said under the headline. */
const TAIL_SHARE = 0.01;

type Decided = Pick<ScoreResult, 'decided_by' | 'window' | 'coverage' | 'tokenizer'>;

/** What the artifact alone decided of the number, and what was dropped of the stream. */
export function decidedFindings(result: Decided): Finding[] {
  const { decided_by: by, window, coverage, tokenizer } = result;
  const tail = coverage.skipped.find(({ reason }) => reason === 'tail')?.targets ?? 0;
  const targets = coverage.tokens - 1;
  const isLarge = tail > TAIL_SHARE * targets;
  const candidates: readonly (readonly [
    setting: string,
    holds: boolean,
    what: string,
    flag: string,
  ])[] = [
    ['stride', window.stride !== null, `stride ${window.stride}`, '--stride N'],
    ['compat', window.compat !== null, `compat ${window.compat}`, '--compat none'],
    ['tail', true, `tail ${window.tail}`, '--tail drop'],
    ['seqLen', isLarge, `rows of ${window.seqLen} and the tail that they drop`, '--seq-len N'],
    [
      'document_start',
      true,
      `documents that begin at ${tokenizer.document_start}`,
      '--document-start ID',
    ],
  ];
  const own = candidates.filter(([setting, holds]) => holds && by[setting] === 'artifact');
  const findings: Finding[] = [];
  if (isLarge) {
    const share = ((100 * tail) / targets).toFixed(1);
    findings.push(
      warn(
        'dropped-tail',
        `the tail of ${plural(tail, 'target')}, ${share} % of the stream, is not scored`,
        '--tail score scores it; a shorter --seq-len drops less',
      ),
    );
  }
  if (own.length > 0) {
    const what = own.map(([, , each]) => each).join(', ');
    const flags = own.map(([, , , flag]) => flag).join(', ');
    const message = `the artifact alone decided what moves the number: ${what}`;
    findings.push(
      note('artifact-decides', message, `${flags} decide it instead; so do --rules FILE`),
    );
  }
  return findings;
}
