/**
 * Checks of a participant's own table of bytes by id: one for each mistake that a wrong id shows.
 */

import { plural } from '../../words.js';
import type { TableMistake } from '../table-differences.js';
import type { Severity } from '../types.js';
import { type Check, check } from './check.js';

interface Row {
  readonly mistake: TableMistake;
  readonly name: string;
  readonly severity?: Severity;
  readonly explanation: string;
  readonly remedy: string;
}

const STRIP = 'Strip one leading ▁ before measuring; let only the evaluation add the space.';

const ROWS: readonly Row[] = [
  {
    mistake: 'replacement character',
    name: 'table-replacement-character',
    explanation:
      'A byte piece decoded alone gives U+FFFD, whose UTF-8 form has three bytes: 1.0413 times too many bytes in the case that was merged (pull request 1184).',
    remedy:
      'Count 1 for every byte piece (sp.is_byte); never measure a token by decoding it alone.',
  },
  {
    mistake: 'space twice',
    name: 'table-space-twice',
    explanation:
      'The table counts the ▁ as one byte and the evaluation adds one more for the leading space: 1.167 to 1.175 times too many bytes (issue 1719).',
    remedy: STRIP,
  },
  {
    mistake: 'marker kept',
    name: 'table-keeps-marker',
    explanation:
      'Pieces are measured with their ▁, three bytes in UTF-8 where the text has one space: 1.33 to 1.53 times too many bytes.',
    remedy: STRIP,
  },
  {
    mistake: 'marker not found',
    name: 'table-wrong-marker',
    explanation:
      'No piece is taken to begin with a space: the test looks for another character than U+2581, such as the "?" of pull request 144, and every ▁ is kept.',
    remedy: 'Write the mark as "\\u2581" so that no editor or terminal can change it.',
  },
  {
    mistake: 'space dropped',
    name: 'table-space-dropped',
    explanation:
      'The ▁ is stripped and no byte is added for the space: a sixth too few bytes, the bpb too high.',
    remedy: 'Set leading for these ids and add (leading[target] and not boundary[previous]).',
  },
  {
    mistake: 'space after boundary',
    name: 'table-space-after-boundary',
    severity: 'warn',
    explanation:
      'The space of a piece is in the base count, so that it counts after BOS too, where the rule has none.',
    remedy: STRIP,
  },
  {
    mistake: 'operators as text',
    name: 'table-operators-as-text',
    explanation:
      'Case operators are counted as the three bytes of a private-use character, though they stand for none: 1.0895 times too many bytes (pull request 2071).',
    remedy: 'Take the bytes from the sidecar, fineweb_val_bytes_*.bin; operators have 0 there.',
  },
  {
    mistake: 'constant',
    name: 'table-constant',
    explanation:
      'Every token is given the same bytes: a constant says nothing of the text (pull request 875 took 3.5, another record 4.3).',
    remedy: 'Sum the bytes of the scored targets; never assume a quotient.',
  },
  {
    mistake: 'specials',
    name: 'table-specials',
    explanation:
      'Control, unknown and unused ids have no bytes and are boundaries; other ids are none.',
    remedy: 'Default to base 0, leading False, boundary True; clear boundary for text pieces only.',
  },
  {
    mistake: 'size',
    name: 'table-too-short',
    explanation: 'The table ends before the vocabulary does: the last ids have no bytes.',
    remedy: 'Build the table for every id, sp.vocab_size() or the width of the logits.',
  },
  {
    mistake: 'other',
    name: 'table-other',
    explanation: 'The table differs from the rule in a way that is none of the known mistakes.',
    remedy: 'Compare the ids named with train_gpt.py L180–204, or build the table with bpb.',
  },
];

export const TABLE_CHECKS: readonly Check[] = ROWS.map(
  ({ mistake, name, severity = 'fail', explanation, remedy }) =>
    check({
      name,
      severity,
      explanation,
      remedy,
      needs: ['table'],
      run: ({ table, histogram, text }) => {
        const wrong = table.wrong.get(mistake);
        if (wrong === undefined) return null;
        const examples = wrong
          .slice(0, 5)
          .map(
            (w) => `id ${w.id} ${JSON.stringify(w.piece)}: ${w.claimed} where ${w.right} is right`,
          );
        let effect = null;
        if (histogram !== null && text !== null && text.bytes.lut > 0) {
          const excess = wrong.reduce(
            (sum, w) => sum + histogram[w.id]! * (w.claimed - w.right),
            0,
          );
          const bytes = 1 + excess / text.bytes.lut;
          if (excess !== 0 && bytes > 0) effect = { bytes, bpb: 1 / bytes };
        }
        return { detail: `${plural(wrong.length, 'id')}, ${examples[0]}`, effect, examples };
      },
    }),
);
