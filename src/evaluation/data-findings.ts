/**
 * What the shards of a score say about themselves: whether this tokenizer made them, and where their
 * documents begin.
 */
import { foreignSigns, type StreamSurvey, surveyStream } from '../bytes/survey.js';
import { type Finding, note, warn } from '../finding.js';
import { documentStartHint } from '../tokenizer/document-start.js';
import type { Tokenizer } from '../tokenizer/types.js';
import type { WindowMode } from '../windows/options.js';
import { withAccepted } from './accept.js';
import type { OpenData } from './open-data.js';

/**
 * Findings about shards; none where the published documents confirm them, or where there are only
 * documents.
 *
 * @param mode null where it is not known, as of losses that were made elsewhere
 * @param accept ids of those that the caller accepts
 * @throws BPB_USAGE_ACCEPT for one that is not there
 */
export async function dataFindings(
  data: OpenData,
  mode: WindowMode | null,
  accept?: readonly string[] | undefined,
): Promise<Finding[]> {
  return withAccepted(await findingsOf(data, mode), accept);
}

async function findingsOf(
  { stream, tokenizer, shards, facts }: OpenData,
  mode: WindowMode | null,
): Promise<Finding[]> {
  if (shards.length === 0 || facts !== null || stream.ids.length === 0) return [];
  const survey = await surveyStream(stream, tokenizer);
  const signs = foreignSigns(survey);
  if (signs.length > 0) {
    return [
      warn(
        'other-tokenizer',
        `the shards look like those of another tokenizer: ${signs.join('; ')}`,
        'give the tokenizer that made them with --tokenizer; bpb audit TOKENIZER --data DIR says more',
      ),
    ];
  }
  return startFindings(survey, tokenizer, mode);
}

function startFindings(
  survey: StreamSurvey,
  tokenizer: Tokenizer,
  mode: WindowMode | null,
): Finding[] {
  const { documentStart } = tokenizer;
  if (documentStart === 'none') return [];
  const { control } = survey;
  const other =
    control === null ? '' : `; ${named(tokenizer, control.id)} occurs ${times(control.count)}`;
  if (documentStart === null) {
    return [
      note(
        'no-document-start',
        `the tokenizer has no BOS, so the stream is one document and has no interval${other}`,
        documentStartHint(tokenizer, control?.id),
      ),
    ];
  }
  const findings: Finding[] = [];
  if (!survey.beginsWithStart) {
    // Windows that run across documents score the same; the interval alone is of documents.
    const finding = mode === 'document' ? warn : note;
    const start = named(tokenizer, documentStart);
    findings.push(
      survey.starts === 0
        ? finding(
            'no-document-start',
            `${start}, which begins a document, does not occur: the stream is one document${other}`,
            control === null
              ? 'export each document after its start id, or name the id that the shards have: --document-start ID'
              : `where documents begin with it, add --document-start ${control.id}`,
          )
        : finding(
            'begins-inside-document',
            `the stream does not begin with ${start}, which begins its other ${documents(survey.starts)}: the first one has lost its beginning${other}`,
            'give the shards from the first one on, or export each document after its start id',
          ),
    );
  }
  const { text, type } = tokenizer.pieces[documentStart]!;
  if (type === 'user_defined') {
    findings.push(
      note(
        'document-start-symbol',
        `documents begin at ${named(tokenizer, documentStart)}, a user-defined symbol, which a text can hold too; it counts no bytes here and ${Buffer.byteLength(text)} in the challenge's table`,
      ),
    );
  }
  return findings;
}

const named = ({ pieces }: Tokenizer, id: number) =>
  `id ${id} (${JSON.stringify(pieces[id]!.text)})`;
const times = (count: number) => (count === 1 ? 'once' : `${count.toLocaleString('en-US')} times`);
const documents = (count: number) =>
  count === 1 ? 'document' : `${count.toLocaleString('en-US')} documents`;
