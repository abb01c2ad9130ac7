/**
 * Checks of the byte sidecar: whether it is there, fits the tokens, and counts the text's bytes.
 */

import { figure, plural } from '../../words.js';
import { type Check, check, which } from './check.js';

export const SIDECAR_CHECKS: readonly Check[] = [
  check({
    name: 'sidecar-missing',
    severity: 'fail',
    explanation:
      'Data of a case-operator tokenizer without its byte sidecar: the table counts three bytes for each operator, 1.0895 times too many over all (pull request 2071).',
    remedy: 'Export fineweb_val_bytes_*.bin with the shards, or name its directory as --sidecar.',
    needs: ['shards'],
    run: ({ vocabulary, sidecar, mistakes }) => {
      if (!vocabulary.case_operators || sidecar !== null) return null;
      const effect = mistakes.find(({ name }) => name === 'case operators as text')?.effect;
      return { detail: 'no fineweb_val_bytes_*.bin beside the shards', effect: effect ?? null };
    },
  }),
  check({
    name: 'sidecar-length',
    severity: 'fail',
    explanation: 'The sidecar must have one entry a token; from the first hole on all are shifted.',
    remedy: 'Use the sidecar that was exported with these very shards.',
    needs: ['sidecar'],
    run: ({ sidecar }) => {
      const difference = sidecar.entries - sidecar.tokens;
      if (difference === 0) return null;
      const word = difference < 0 ? 'fewer' : 'more';
      return {
        detail: `${plural(Math.abs(difference), 'entry').replace('entrys', 'entries')} ${word} than tokens`,
      };
    },
  }),
  check({
    name: 'sidecar-bos',
    severity: 'fail',
    explanation: 'BOS stands for no text: an entry there means that the sidecar is shifted.',
    remedy: 'Write 0 at every BOS; check that entry i belongs to target i.',
    needs: ['sidecar'],
    run: ({ sidecar: { atBos } }) =>
      atBos.count === 0
        ? null
        : { detail: `${figure(atBos.count)} of them not 0: ${which(atBos, 'token')}` },
  }),
  check({
    name: 'sidecar-operators',
    severity: 'fail',
    explanation:
      'Case operators stand for no text: a sidecar that counts them was made from the table, not from the text.',
    remedy: 'Write 0 at U+E001–U+E004 unless the text itself holds the character (after ESC).',
    needs: ['sidecar'],
    run: ({ sidecar: { atOperators, sum } }) => {
      if (atOperators.count === 0) return null;
      const right = (sum ?? 0) - atOperators.bytes;
      return {
        detail: `${plural(atOperators.count, 'operator')} with ${plural(atOperators.bytes, 'byte')}: ${which(atOperators, 'token')}`,
        effect: sum !== null && right > 0 ? { bytes: sum / right, bpb: right / sum } : null,
      };
    },
  }),
  check({
    name: 'sidecar-exceeds',
    severity: 'fail',
    explanation: 'The sidecar counts more bytes for a document than it has, which lowers the bpb.',
    remedy: 'Make it again from these documents; sum(entries) must not exceed len(utf8).',
    needs: ['sidecar'],
    run: ({ sidecar: { exceeds } }) =>
      exceeds.count === 0 ? null : { detail: which(exceeds, 'document') },
  }),
  check({
    name: 'sidecar-short',
    severity: 'fail',
    explanation:
      'A document survives the round trip whole, yet the sidecar counts fewer bytes for it than it has.',
    remedy: 'Make it again: every token’s surface in the text has its bytes.',
    needs: ['sidecar'],
    run: ({ sidecar: { short } }) =>
      short.count === 0 ? null : { detail: which(short, 'document') },
  }),
  check({
    name: 'sidecar-dropped-input',
    severity: 'warn',
    explanation:
      'Where normalization drops input (doubled spaces, zero-width characters) the sidecar counts it nowhere.',
    remedy: 'Known and the same for everybody: 151,074,309 of 151,080,891 on the published set.',
    needs: ['sidecar'],
    run: ({ sidecar: { shortLossy } }) =>
      shortLossy.count === 0
        ? null
        : {
            detail: `${plural(shortLossy.bytes, 'byte')} in ${plural(shortLossy.count, 'document')}`,
          },
  }),
  check({
    name: 'sidecar-saturated',
    severity: 'fail',
    explanation:
      'An entry holds at most 65,535 bytes: a longer token is cut there, or wraps around to a small number.',
    remedy: 'Split such tokens; no published document has any.',
    needs: ['sidecar'],
    run: ({ sidecar: { saturated, wrapped } }) => {
      if (saturated.count === 0 && wrapped.count === 0) return null;
      return {
        detail:
          saturated.count > 0
            ? `65,535 at ${which(saturated, 'token')}`
            : `a multiple of 65,536 bytes is missing in ${which(wrapped, 'document')}`,
      };
    },
  }),
  check({
    name: 'sidecar-unconfirmed',
    severity: 'warn',
    explanation: 'Without the documents nobody can say whether the sidecar counts what they have.',
    remedy: 'Give the published documents as --docs.',
    needs: ['sidecar'],
    run: ({ sidecar }) =>
      sidecar.sum !== null && sidecar.compared === 0 ? { detail: 'no documents were given' } : null,
  }),
  check({
    name: 'sidecar-not-needed',
    severity: 'info',
    explanation:
      'The tokenizer has no case operators: its accounting is the table, not the sidecar.',
    remedy: 'Nothing; the sidecar is not used for the headline.',
    needs: ['sidecar'],
    run: ({ vocabulary }) =>
      vocabulary.case_operators ? null : { detail: 'a sidecar beside the shards' },
  }),
];
