/**
 * Findings about where documents begin.
 */
import { type Finding, note } from '../../finding.js';
import { documentStartHint } from '../../tokenizer/document-start.js';
import { figure } from '../../words.js';
import { type DataFacts, named, times } from './facts.js';
import { found } from './table.js';

/** Windows that run across documents score the same without starts; the interval alone is of documents. */
export function startFindings({ survey, tokenizer, mode }: DataFacts): Finding[] {
  const { documentStart } = tokenizer;
  // Documents that were found in the stream begin where they are to.
  if (documentStart === 'none' || survey === null) return [];
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
    const start = named(tokenizer, documentStart);
    findings.push(
      survey.starts === 0
        ? found(
            'no-document-start',
            `${start}, which begins a document, does not occur: the stream is one document${other}`,
            {
              severity: mode === 'document' ? 'fail' : 'note',
              hint:
                control === null
                  ? 'export each document after its start id, or name the id that the shards have: --document-start ID'
                  : `where documents begin with it, add --document-start ${control.id}`,
            },
          )
        : found(
            'begins-inside-document',
            `the stream does not begin with ${start}, which begins its other ${documents(survey.starts)}: the first one has lost its beginning${other}`,
            { severity: mode === 'document' ? 'warn' : 'note' },
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

const documents = (count: number) => (count === 1 ? 'document' : `${figure(count)} documents`);
