/**
 * Checks of the tokenizer alone: its pieces, its normalizer, the table against SentencePiece.
 */
import { CASE_OPERATORS } from '../../tokenizer/check-pieces.js';
import { documentStartHint, whyNoBos } from '../../tokenizer/document-start.js';
import { MOST_ALTERED } from '../../tokenizer/reference-form.js';
import { figure, plural } from '../../words.js';
import { type Check, check } from './check.js';

const shown = (text: string) => JSON.stringify(text);
const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, '0');

export const VOCABULARY_CHECKS: readonly Check[] = [
  check({
    name: 'no-space-piece',
    severity: 'fail',
    explanation:
      'Without a piece for ▁ alone each bare space becomes three byte tokens, counted as three bytes: the bpb comes out about 20 % too low (pull request 897).',
    remedy: 'Train the tokenizer with U+2581 as a piece; assert piece_to_id("▁") != unk_id.',
    needs: [],
    run: ({ problems }) =>
      problems.some(({ code }) => code === 'BPB_NO_SPACE_PIECE')
        ? { detail: 'pieces begin with ▁, but none is ▁ alone' }
        : null,
  }),
  check({
    name: 'byte-fallback',
    severity: 'fail',
    explanation:
      'Text that no piece covers falls back to byte pieces; where there are none it becomes the unknown token, which has no bytes.',
    remedy: 'Train with byte_fallback=True; SentencePiece then adds <0x00> to <0xFF>.',
    needs: [],
    run: ({ vocabulary: { byte_pieces } }) => {
      const { fallback, present, missing } = byte_pieces;
      if (missing.length === 0) return null;
      if (present === 0 && !fallback) return { detail: 'no byte fallback', severity: 'warn' };
      const some = missing.slice(0, 16).map(hex).join(' ');
      return { detail: `${plural(missing.length, 'byte')} of 256 without a piece: ${some}` };
    },
  }),
  check({
    name: 'duplicate-pieces',
    severity: 'fail',
    explanation: 'Two ids with the same text: which one a text encodes to is not defined.',
    remedy: 'Train the tokenizer again, or remove the duplicate.',
    needs: [],
    run: ({ vocabulary, tokenizer }) => {
      const ids = vocabulary.duplicates;
      if (ids.length === 0) return null;
      const examples = ids.slice(0, 3).map((id) => `${id} ${shown(tokenizer.pieces[id]!.text)}`);
      return { detail: `${plural(ids.length, 'piece')}: ${examples.join(', ')}` };
    },
  }),
  check({
    name: 'empty-pieces',
    severity: 'fail',
    explanation: 'A piece without text stands for nothing, yet a model can spend nats on it.',
    remedy: 'Train the tokenizer again; SentencePiece itself refuses such a model.',
    needs: [],
    run: ({ vocabulary: { empty } }) =>
      empty.length === 0
        ? null
        : { detail: `${plural(empty.length, 'piece')}, the first with id ${empty[0]}` },
  }),
  check({
    name: 'does-not-load',
    severity: 'fail',
    explanation: 'SentencePiece refuses the model, so that nobody can encode a document with it.',
    remedy: 'Correct what the other findings name, and load it once with SentencePiece.',
    needs: ['unloadable'],
    run: ({ unloadable }) => ({ detail: unloadable.actual ?? unloadable.message }),
  }),
  check({
    name: 'case-operators-partial',
    severity: 'fail',
    explanation:
      'Some of the case operators U+E001–U+E004 are user-defined pieces but not all four, so the transform cannot be undone.',
    remedy: 'Train the tokenizer with all four as user-defined symbols.',
    needs: [],
    run: ({ problems }) => {
      const problem = problems.find(({ code }) => code === 'BPB_CASEOPS_PARTIAL');
      return problem === undefined ? null : { detail: `only ${problem.actual}` };
    },
  }),
  check({
    name: 'inner-space-pieces',
    severity: 'warn',
    explanation:
      'The rule strips one leading ▁ and counts every other as the three bytes of U+2581, where the text has one space.',
    remedy: 'Train with split_by_whitespace=True; such pieces must not occur in scored text.',
    needs: [],
    run: ({ vocabulary: { inner_spaces }, tokenizer, histogram }) => {
      if (inner_spaces.length === 0) return null;
      const used = inner_spaces.reduce((sum, id) => sum + (histogram?.[id] ?? 0), 0);
      const examples = inner_spaces.slice(0, 5).map((id) => shown(tokenizer.pieces[id]!.text));
      const detail = `${plural(inner_spaces.length, 'piece')} with ▁ inside (${examples.join(', ')})`;
      if (histogram === null) return { detail };
      return used === 0
        ? { detail: `${detail}; none occurs in the text`, severity: 'info' }
        : { detail: `${detail}; ${figure(used)} such tokens in the text`, severity: 'fail' };
    },
  }),
  check({
    name: 'unreachable-pieces',
    severity: 'warn',
    explanation:
      'No text encodes to these pieces, not their own either. A trainer makes none such; a piece whose text was changed after training is one, and counts the bytes of a text that nobody wrote.',
    remedy: 'Give the tokenizer that made the shards, as it was trained.',
    needs: ['unreachable'],
    run: ({ unreachable, tokenizer, histogram }) => {
      const { pieces } = tokenizer;
      const used = (id: number) => histogram?.[id] ?? 0;
      const tokens = unreachable.reduce((sum, id) => sum + used(id), 0);
      // What a normalizer never leaves, such as two spaces, may stand among user-defined pieces.
      const odd = unreachable.filter((id) => used(id) > 0 || pieces[id]!.type === 'normal');
      if (odd.length === 0) return null;
      odd.sort((a, b) => used(b) - used(a));
      const examples = odd.slice(0, 5).map((id) => `id ${id} ${shown(pieces[id]!.text)}`);
      const detail = `${plural(odd.length, 'piece')}: ${examples.join(', ')}`;
      if (tokens === 0) return { detail, severity: histogram === null ? 'warn' : 'info' };
      return { detail: `${detail}; ${figure(tokens)} such tokens in the text`, severity: 'fail' };
    },
  }),
  check({
    name: 'user-defined-text',
    severity: 'warn',
    explanation:
      'User-defined pieces hold part of the text. They match before anything else, so that one whose text was lengthened after training still encodes to itself: only the documents show it.',
    remedy: 'Give the documents that the shards were made from (--docs).',
    needs: ['histogram', 'text', 'shards'],
    run: ({ tokenizer, histogram, text }) => {
      if (text.withText > 0) return null;
      let bytes = 0;
      for (const [id, { text: piece, type }] of tokenizer.pieces.entries()) {
        if (type !== 'user_defined' || (CASE_OPERATORS as readonly string[]).includes(piece))
          continue;
        // One character stands for itself, or for another one.
        if ([...piece].length > 1) bytes += histogram[id]! * Buffer.byteLength(piece);
      }
      const share = bytes / Math.max(1, text.bytes.decoded);
      return share <= MOST_ALTERED
        ? null
        : { detail: `${figure(bytes)} bytes, ${(100 * share).toPrecision(3)} % of the text` };
    },
  }),
  check({
    name: 'table-in-context',
    severity: 'fail',
    explanation:
      'The bytes that the rule gives a piece are not those that SentencePiece decodes it to inside a text.',
    remedy: 'Inspect the pieces named: the table cannot be right for them.',
    needs: ['measured'],
    run: ({ measured, vocabulary }) => {
      const inner = new Set(vocabulary.inner_spaces);
      const wrong = measured.mismatches.filter(({ id }) => !inner.has(id));
      if (wrong.length === 0) return null;
      const examples = wrong
        .slice(0, 5)
        .map((m) => `id ${m.id} ${shown(m.piece)}: table ${m.table}, measured ${m.measured}`);
      return { detail: examples[0]!, examples };
    },
  }),
  check({
    name: 'case-operators',
    severity: 'info',
    explanation:
      'The vocabulary has case operators: they stand for no bytes, so the table is not its accounting; the byte sidecar is.',
    remedy: 'Score with fineweb_val_bytes_*.bin beside the shards.',
    needs: [],
    run: ({ vocabulary, sidecar, mistakes }) => {
      if (!vocabulary.case_operators) return null;
      if (sidecar !== null) return { detail: 'the sidecar is the accounting' };
      const table = mistakes.find(({ name }) => name === 'case operators as text');
      const counts =
        table === undefined ? '' : `; the table would count × ${table.effect.bytes.toFixed(4)}`;
      return { detail: `the sidecar is the accounting, and none was given${counts}` };
    },
  }),
  check({
    name: 'no-document-start',
    severity: 'info',
    explanation:
      'The tokenizer has no BOS. The table is right without one; but nothing says what begins a document, so shards are one document and the leading space of every document counts one byte.',
    remedy: 'Say it with --document-start ID or --document-start none.',
    needs: [],
    run: ({ tokenizer, shards, documents }) => {
      if (tokenizer.documentStart !== null) return null;
      const severity = shards === null && documents === null ? 'info' : 'warn';
      return { detail: `${whyNoBos(tokenizer)}; ${documentStartHint(tokenizer)}`, severity };
    },
  }),
];
