/**
 * The findings about data, of a score and of an audit alike: what shards, ids and sidecar say of themselves.
 */
import { surveyStream } from '../bytes/survey.js';
import { identify } from '../data/known-sets.js';
import type { TokenStream } from '../data/types.js';
import type { Finding } from '../finding.js';
import type { WindowOptions } from '../windows/options.js';
import { withAccepted } from './accept.js';
import { copyFindings } from './data-findings/copies.js';
import type { DataFacts } from './data-findings/facts.js';
import { idFindings } from './data-findings/ids.js';
import { numberingFindings } from './data-findings/numbering.js';
import { setFindings } from './data-findings/sets.js';
import { sidecarFindings } from './data-findings/sidecar.js';
import { startFindings } from './data-findings/starts.js';
import type { OpenData } from './open-data.js';

/**
 * Findings about the data of a score. Published documents that are found in the shards settle what made the ids
 * and where documents begin; padding, gaps and copies of files they do not.
 *
 * @param window null where it is not known, as of losses that were made elsewhere
 * @param accept ids of those that the caller accepts
 * @param elsewhere ids that a control set has
 * @throws BPB_USAGE_ACCEPT for one that is not there
 */
export async function dataFindings(
  { stream, tokenizer, shards, sidecar, facts, partial }: OpenData,
  window: WindowOptions | null,
  accept?: readonly string[] | undefined,
  elsewhere?: readonly string[] | undefined,
): Promise<Finding[]> {
  const confirmed = facts !== null;
  const scored = scoredEnd(stream, window);
  const judged = shards.length > 0 && stream.ids.length > 0;
  const bytes = facts?.originalBytes.reduce((sum, length) => sum + length, 0);
  const found = await findingsOf({
    ...{ stream, tokenizer, shards, confirmed, partial },
    sidecar: sidecar?.bytes ?? null,
    mode: window?.mode ?? null,
    scoredEnd: scored,
    known: identify({
      documents: stream.documentStarts.length,
      tokens: stream.ids.length,
      ...(window === null ? {} : { targets: scored - 1 }),
      ...(bytes === undefined ? {} : { bytes }),
    }),
    survey: confirmed || !judged ? null : await surveyStream(stream, tokenizer),
  });
  return withAccepted(found, accept, elsewhere);
}

/** All findings, in the order of their subjects: files, ids, documents, set, sidecar. */
export async function findingsOf(facts: DataFacts): Promise<Finding[]> {
  // Documents that were tokenized here are what they are.
  if (facts.shards.length === 0 || facts.stream.ids.length === 0) return setFindings(facts);
  const ofIds = await idFindings(facts);
  const foreign = ofIds.some(({ id }) => id === 'other-tokenizer');
  return [
    ...numberingFindings(facts),
    ...copyFindings(facts),
    ...ofIds,
    // Of another tokenizer's ids nothing says where documents begin.
    ...(foreign ? [] : startFindings(facts)),
    ...setFindings(facts),
    ...sidecarFindings(facts),
  ];
}

/** The targets `1 .. end - 1` are scored; rows of a dropped tail are not. */
function scoredEnd({ ids }: TokenStream, window: WindowOptions | null): number {
  if (window === null || window.mode === 'document') return ids.length;
  if (window.tail === 'score' || window.compat !== null) return ids.length;
  const targets = ids.length - 1;
  return Math.floor(targets / window.seqLen) * window.seqLen + 1;
}
